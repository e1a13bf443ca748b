// SPDX-License-Identifier: MIT
/** Names and meanings of error numbers, also of those that Node has none for: drivers return what they like. */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/** What Node does not know, or has no words for. The same on all architectures that Node runs on. */
const OTHERS: readonly (readonly [errno: number, name: string, text: string])[] = [
  [8, 'ENOEXEC', 'no format that can be executed'],
  [10, 'ECHILD', 'no child processes'],
  [15, 'ENOTBLK', 'block device required'],
  [33, 'EDOM', 'argument outside of the domain'],
  [35, 'EDEADLK', 'resource deadlock avoided'],
  [37, 'ENOLCK', 'no locks available'],
  [42, 'ENOMSG', 'no message of desired type'],
  [43, 'EIDRM', 'identifier removed'],
  [44, 'ECHRNG', 'channel number out of range'],
  [45, 'EL2NSYNC', 'level 2 not synchronized'],
  [46, 'EL3HLT', 'level 3 halted'],
  [47, 'EL3RST', 'level 3 reset'],
  [48, 'ELNRNG', 'link number out of range'],
  [49, 'EUNATCH', 'protocol driver not attached'],
  [50, 'ENOCSI', 'no CSI structure available'],
  [51, 'EL2HLT', 'level 2 halted'],
  [52, 'EBADE', 'invalid exchange'],
  [53, 'EBADR', 'invalid request descriptor'],
  [54, 'EXFULL', 'exchange full'],
  [55, 'ENOANO', 'no anode'],
  [56, 'EBADRQC', 'invalid request code'],
  [57, 'EBADSLT', 'invalid slot'],
  [59, 'EBFONT', 'bad font file format'],
  [60, 'ENOSTR', 'device not a stream'],
  [62, 'ETIME', 'timer expired'],
  [63, 'ENOSR', 'out of streams resources'],
  [64, 'ENONET', 'machine is not on the network'],
  [65, 'ENOPKG', 'package not installed'],
  [66, 'EREMOTE', 'object is remote'],
  [67, 'ENOLINK', 'link has been severed'],
  [68, 'EADV', 'advertise error'],
  [69, 'ESRMNT', 'srmount error'],
  [70, 'ECOMM', 'communication error on send'],
  [72, 'EMULTIHOP', 'multihop attempted'],
  [73, 'EDOTDOT', 'RFS specific error'],
  [74, 'EBADMSG', 'bad message'],
  [76, 'ENOTUNIQ', 'name not unique on network'],
  [77, 'EBADFD', 'file descriptor in bad state'],
  [78, 'EREMCHG', 'remote address changed'],
  [79, 'ELIBACC', 'can not access a needed shared library'],
  [80, 'ELIBBAD', 'accessing a corrupted shared library'],
  [81, 'ELIBSCN', 'the .lib section in a.out is corrupted'],
  [82, 'ELIBMAX', 'attempting to link in too many shared libraries'],
  [83, 'ELIBEXEC', 'cannot exec a shared library directly'],
  [85, 'ERESTART', 'interrupted system call should be restarted'],
  [86, 'ESTRPIPE', 'streams pipe error'],
  [87, 'EUSERS', 'too many users'],
  [94, 'ESOCKTNOSUPPORT', 'socket type not supported'],
  [96, 'EPFNOSUPPORT', 'protocol family not supported'],
  [102, 'ENETRESET', 'network dropped connection on reset'],
  [108, 'ESHUTDOWN', 'switched off'],
  [109, 'ETOOMANYREFS', 'too many references: cannot splice'],
  [112, 'EHOSTDOWN', 'host is down'],
  [115, 'EINPROGRESS', 'operation now in progress'],
  [116, 'ESTALE', 'stale handle'],
  [117, 'EUCLEAN', 'structure needs cleaning'],
  [118, 'ENOTNAM', 'not a XENIX named type file'],
  [119, 'ENAVAIL', 'no XENIX semaphores available'],
  [120, 'EISNAM', 'is a named type file'],
  [121, 'EREMOTEIO', 'remote i/o error'],
  [122, 'EDQUOT', 'disk quota exceeded'],
  [123, 'ENOMEDIUM', 'no medium found'],
  [124, 'EMEDIUMTYPE', 'wrong medium type'],
  [126, 'ENOKEY', 'required key not available'],
  [127, 'EKEYEXPIRED', 'key has expired'],
  [128, 'EKEYREVOKED', 'key has been revoked'],
  [129, 'EKEYREJECTED', 'key was rejected by service'],
  [130, 'EOWNERDEAD', 'owner died'],
  [131, 'ENOTRECOVERABLE', 'state not recoverable'],
  [132, 'ERFKILL', 'operation not possible due to RF-kill'],
  [133, 'EHWPOISON', 'memory page has hardware error'],
];

/** Where other words say more. */
const BETTER_TEXTS: Readonly<Record<string, string>> = {
  EBUSY: 'device or resource busy',
  EFAULT: 'bad address',
  ELOOP: 'too many symbolic links',
  ENOMEM: 'not enough memory',
  ENOTSUP: 'operation not supported',
  ENOTTY: 'the device does not know this request',
  ERANGE: 'out of range',
  ESPIPE: 'illegal seek',
  ETIMEDOUT: 'not done in time',
};

/** The name of an error number, which may be negative: `'EACCES'`. */
export function errnoName(errno: number): string {
  const number = Math.abs(errno);
  // libuv does not know every errno of Linux: ESTALE and EREMOTEIO, for instance, are missing there.
  for (const [name, value] of Object.entries(constants.errno)) if (value === number) return name;
  return OTHERS.find(([value]) => value === number)?.[1] ?? `errno ${number}`;
}

/** What it means. */
export function errnoText(errno: number): string {
  const number = Math.abs(errno);
  return BETTER_TEXTS[errnoName(number)] ?? OTHERS.find(([value]) => value === number)?.[2] ?? getSystemErrorMap().get(-number)?.[1] ?? 'an error that Linux has no name for';
}
