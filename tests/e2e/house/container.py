"""A host that permits no namespaces, as the defaults of container engines do: a system call filter laid
over the service before it starts."""
import ctypes
import platform
import struct

UNSHARE_AND_CLONE = {"x86_64": (272, 56), "aarch64": (97, 220)}
CLONE3 = 435
NEW_NAMESPACES = 0x7E020000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}
EPERM, ENOSYS = 1, 38
LOAD, JUMP_EQ, AND, RETURN = 0x20, 0x15, 0x54, 0x06  # BPF: ld abs, jeq, and, ret
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2


def supported():
    return platform.machine() in UNSHARE_AND_CLONE


def forbid_namespaces():
    """For Popen's preexec_fn: unshare and clone with a namespace flag are EPERM, clone3 is not there."""
    unshare, clone = UNSHARE_AND_CLONE[platform.machine()]
    filters = [
        (LOAD, 0, 0, 0),                 # the call's number
        (JUMP_EQ, 6, 0, unshare),
        (JUMP_EQ, 6, 0, CLONE3),
        (JUMP_EQ, 0, 3, clone),
        (LOAD, 0, 0, 16),                # its first argument, low half
        (AND, 0, 0, NEW_NAMESPACES),
        (JUMP_EQ, 0, 1, 0),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, ERRNO | EPERM),
        (RETURN, 0, 0, ERRNO | ENOSYS),
    ]
    code = b"".join(struct.pack("=HBBI", *f) for f in filters)
    memory = ctypes.create_string_buffer(code)
    program = struct.pack("=HxxxxxxQ", len(filters), ctypes.addressof(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or \
            libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.c_char_p(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the filter was refused")
