// SPDX-License-Identifier: MIT
/** The library on a driver that has no more than the 5.4-era interface. */
import { constants } from 'node:os';

import { CharDevice } from 'node-epiphany/device';

import { Board } from '../../dist/board.js';
import { CharDeviceTransport } from '../../dist/transport/chardev.js';

/** The first number that the old driver did not have. */
const FIRST_NEW = 8;

const numberOf = (request) => request & 0xff;

/** Opens a board by the old requests only: whatever else is asked for is unknown. */
export function openByOldInterface(path) {
  const device = CharDevice.open(path);
  return new Board(
    new CharDeviceTransport({
      path,
      ioctl(request, argument) {
        if (numberOf(request) < FIRST_NEW) return device.ioctl(request, argument);
        throw Object.assign(new Error(`the old driver has no request ${numberOf(request)}`), { code: 'ENOTTY', errno: -constants.errno.ENOTTY, syscall: 'ioctl' });
      },
      map: (options) => device.map(options),
      close: () => device.close(),
    }),
  );
}
