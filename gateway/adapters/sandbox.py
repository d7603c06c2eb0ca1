"""What a process gives up before it reads hostile files: memory, files, other processes, and all but a few system calls.

Terms: a *filter* is a program that the kernel runs on each system call (seccomp, BPF); what it does not allow fails with
EPERM, and what only an attacker would ask for kills the process. Rule: everything that a library opens, maps or starts must be
done before `lock_in`. A kernel or a machine without seccomp leaves the limits alone, and the caller tells so in the log.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from dataclasses import dataclass

_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS, _SECCOMP = 1, 4, 38, 22
_FILTER = 2  # mode of prctl(PR_SET_SECCOMP)
_SET_FILTER, _ALL_THREADS = 1, 1  # operation and flag of seccomp(2)
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
# BPF: load a word at a place, compare, test bits, return (linux/bpf_common.h).
_LOAD, _EQUAL, _BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # struct seccomp_data
_EXECUTABLE = 4  # PROT_EXEC


@dataclass(frozen=True, slots=True)
class _Calls:
    """Numbers of system calls on one architecture: those that work, that work on oneself only, that map memory, that kill."""

    architecture: int
    seccomp: int
    clone3: int
    plain: tuple[int, ...]
    own: tuple[int, ...]
    mapping: tuple[int, ...]
    fatal: tuple[int, ...]


# read write close fstat lseek munmap brk rt_sigaction rt_sigprocmask rt_sigreturn readv writev sched_yield mremap madvise
# nanosleep getpid exit gettimeofday getrusage sysinfo sigaltstack gettid futex sched_getaffinity restart_syscall clock_gettime
# clock_getres clock_nanosleep exit_group getrandom membarrier rseq poll; prlimit64 tgkill; mmap mprotect; execve execveat
# ptrace process_vm_readv process_vm_writev bpf mount unshare setns init_module finit_module kexec_load userfaultfd keyctl
# perf_event_open io_uring_setup
_CALLS = {
    "x86_64": _Calls(
        architecture=0xC000003E,
        seccomp=317,
        clone3=435,
        plain=(
            *(0, 1, 3, 5, 8, 11, 12, 13, 14, 15, 19, 20, 24, 25, 28, 35, 39, 60, 96, 98, 99, 131, 186, 202, 204, 219),
            *(228, 229, 230, 231, 318, 324, 334, 7),
        ),
        own=(302, 234),
        mapping=(9, 10),
        fatal=(59, 322, 101, 310, 311, 321, 165, 272, 308, 175, 313, 246, 323, 250, 298, 425),
    ),
    "aarch64": _Calls(
        architecture=0xC00000B7,
        seccomp=277,
        clone3=435,
        plain=(
            *(
                63,
                64,
                57,
                80,
                62,
                215,
                214,
                134,
                135,
                139,
                65,
                66,
                124,
                216,
                233,
                101,
                172,
                93,
                169,
                165,
                179,
                132,
                178,
            ),
            *(98, 123, 128, 113, 114, 115, 94, 278, 283, 293, 73),
        ),
        own=(261, 131),
        mapping=(222, 226),
        fatal=(221, 281, 117, 270, 271, 280, 40, 97, 268, 105, 273, 104, 282, 219, 241, 425),
    ),
}


def die_with_parent() -> None:
    """No core file, no look inside by other processes of this user, and no life after the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)


def lock_in(memory_bytes: int) -> bool:
    """Takes the rights away; whether system calls are filtered, too."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))  # those that are open stay so
    return _filter_calls()


def allow_cpu(seconds: int) -> None:
    """From now on, so many seconds of the processor's time; then the kernel ends the process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds + 1, resource.RLIM_INFINITY))


def _filter_calls() -> bool:
    calls = _CALLS.get(platform.machine())
    if sys.platform != "linux" or calls is None or sys.maxsize <= 2**32:
        return False
    program = _program(calls)
    code = ctypes.create_string_buffer(program, len(program))
    count = len(program) // 8
    head = ctypes.create_string_buffer(struct.pack("@HP", count, ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    # For all threads at once; older kernels know the first way only for one.
    if libc.syscall(calls.seccomp, _SET_FILTER, _ALL_THREADS, head) == 0:
        return True
    return bool(libc.prctl(_SECCOMP, _FILTER, head, 0, 0) == 0)


def _program(calls: _Calls) -> bytes:
    """The filter, eight octets an instruction. Each block ends in a return or goes on to the next."""
    allow, refuse = _step(_RETURN, _ALLOW), _step(_RETURN, _ERRNO | _EPERM)
    kill = _step(_RETURN, _KILL)
    steps = [_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, calls.architecture, 1, 0), kill, _step(_LOAD, _NUMBER)]
    for number in calls.plain:
        steps += [_step(_EQUAL, number, 0, 1), allow]
    for number in calls.fatal:
        steps += [_step(_EQUAL, number, 0, 1), kill]
    steps += [_step(_EQUAL, calls.clone3, 0, 1), _step(_RETURN, _ERRNO | _ENOSYS)]
    for number in calls.mapping:  # nothing that runs may come to memory any more
        steps += [_step(_EQUAL, number, 0, 4), _argument(2), _step(_BITS, _EXECUTABLE, 1, 0), allow, refuse]
    for number, own in zip(calls.own, (0, os.getpid()), strict=True):
        steps += [_step(_EQUAL, number, 0, 4), _argument(0), _step(_EQUAL, own, 0, 1), allow, refuse]
    return b"".join([*steps, refuse])


def _argument(index: int) -> bytes:
    """Loads the lower half of an argument (both architectures are little-endian)."""
    return _step(_LOAD, _ARGUMENTS + 8 * index)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
