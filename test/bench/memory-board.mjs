// SPDX-License-Identifier: MIT
// A board whose device is plain memory: the transport of real boards, with everything that it costs up to the bus.
import { constants } from 'node:os';
import { Board } from '../../dist/board.js';
import { CharDevice } from '../../dist/device/index.js';
import { systemError } from '../../dist/errors.js';
import { REQUESTS } from '../../dist/transport/abi.js';
import { CharDeviceTransport } from '../../dist/transport/chardev.js';

const REGISTER_PAGE = 0x8000; // in the memory, behind the SRAM of the one core that there is
export const MEMORY_BYTES = 0x9000;

/** What the 5.4-era driver would say of it, as 64-bit words by byte offset; it has no shared DRAM. */
const answers = new Map([
  [REQUESTS.E_IOCTL_ELINK_PROBE, { 16: 2n, 24: 0x808n, 32: 1n, 40: 1n, 48: 1n }],
  [REQUESTS.E_IOCTL_GET_MAPPINGS, {}],
]);

/** Opens memory of at least MEMORY_BYTES, by the number of its descriptor. */
export function openMemory(descriptor) {
  return CharDevice.open(`/proc/self/fd/${descriptor}`, { fileType: 'any' });
}

/** An E16G301 of which only core (0,0) can be touched. Its registers hold values and do nothing. */
export function openMemoryBoard(descriptor) {
  const memory = openMemory(descriptor);
  return new Board(
    new CharDeviceTransport({
      path: memory.path,
      ioctl(request, answer) {
        if (!answers.has(request)) throw systemError(-constants.errno.ENOTTY, 'ioctl', { path: memory.path, address: request });
        for (const [at, value] of Object.entries(answers.get(request))) answer.setBigUint64(Number(at), value, true);
        return 0;
      },
      map: ({ offset, length }) => memory.map({ offset: offset % 2 ** 20 === 0 ? 0 : REGISTER_PAGE, length, baseAddress: offset }),
      close: () => memory.close(),
    }),
  );
}
