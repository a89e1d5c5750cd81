"""Attempts to get out of the sandbox, or to see what is not meant to be seen: the table that test_escapes.py runs.

Each is Python code that calls `reached()` where it succeeded; HOST holds what it looks for. `control` says where the
same code does succeed without walls ("any" user, "root", or None where trying it would harm the machine or where even
a plain subprocess stops it), so that a probe that can only fail is noticed.
"""

from __future__ import annotations

import textwrap
from typing import Literal, NamedTuple

Family = Literal["files", "secrets", "network", "processes", "calls"]


class Escape(NamedTuple):
    family: Family
    name: str
    code: str
    control: Literal["any", "root"] | None = "any"


PRELUDE = """
import ctypes, errno, mmap, os, signal, socket, stat, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)

def reached(*what):
    print("REACHED", *what, flush=True)

def syscall(number, *arguments):
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def tried(x86, arm, *arguments):
    # The arguments make no sense, so that nothing happens where the call is not stopped: then it says so itself.
    number = {"x86_64": x86, "aarch64": arm}[os.uname().machine]
    if number is None:
        raise OSError(errno.ENOSYS, "not on this processor")
    try:
        syscall(number, *arguments)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS, errno.EACCES, errno.EAGAIN):
            raise
    reached()
"""

_FILES = {
    "read /etc/passwd": "open('/etc/passwd').read(); reached()",
    "read a file of the host": "open(HOST['secret']).read(); reached()",
    "read it by the C library": """
        descriptor = libc.open(HOST['secret'].encode(), 0)
        if descriptor < 0: raise OSError(ctypes.get_errno(), 'open')
        reached(os.read(descriptor, 10))""",
    "read it through a symbolic link": "os.symlink(HOST['secret'], 'link'); open('link').read(); reached()",
    "read it through a hard link": "os.link(HOST['secret'], HOST['folder'] + '/hard'); reached()",
    "read it with numpy": "import numpy; numpy.memmap(HOST['secret'], mode='r'); reached()",
    "read it through /proc/self/root": "open('/proc/self/root' + HOST['secret']).read(); reached()",
    "read it through the host's /proc entry": "open(f\"/proc/{HOST['pid']}/root\" + HOST['secret']).read(); reached()",
    "read it with sqlite": """
        import sqlite3
        try: sqlite3.connect(HOST['secret']).execute('SELECT * FROM sqlite_schema')
        except sqlite3.DatabaseError as error: reached() if 'not a database' in str(error) else open('/nowhere')""",
    "list a folder of the host": "os.listdir(HOST['folder']); reached()",
    "list the home folders": "os.listdir('/home'); reached()",
    "list the root of the file system": "reached() if 'boot' in os.listdir('/') else open('/boot')",
    "climb with dots": "open('../' * 40 + HOST['secret'].lstrip('/')).read(); reached()",
    "climb out of a chroot": """
        os.mkdir('jail'); os.chroot('jail')
        for _ in range(50): os.chdir('..')
        os.chroot('.'); reached()""",
    "reach a folder through a descriptor": """
        for descriptor in range(3, 256):
            try: names = os.listdir(descriptor)
            except OSError: continue
            if set(names) & {'etc', 'secret'}: reached(names)
        raise PermissionError('no descriptor leads to a folder')""",
    "write a file of the host": "open(HOST['secret'], 'r+').write('x'); reached()",
    "make a file in a folder of the host": "open(HOST['folder'] + '/new', 'w').close(); reached()",
    "make an unnamed file there": "os.open(HOST['folder'], os.O_TMPFILE | os.O_RDWR); reached()",
    "make a folder there": "os.mkdir(HOST['folder'] + '/made'); reached()",
    "make a named pipe there": "os.mkfifo(HOST['folder'] + '/pipe'); reached()",
    "move a file in": "open('mine', 'w').close(); os.rename('mine', HOST['folder'] + '/mine'); reached()",
    "delete a file of the host": "os.unlink(HOST['spare']); reached()",
    "shorten a file of the host": "os.truncate(HOST['secret'], 2); reached()",
    "change its mode": "os.chmod(HOST['secret'], 0o666); reached()",
    "change its times": "os.utime(HOST['secret'], (1, 1)); reached()",
    "change its attributes": "os.setxattr(HOST['secret'], 'user.judge', b'x'); reached()",
    "write to the standard library": "open(os.__file__, 'r+').close(); reached()",
    "write to the installed packages": "import numpy; open(numpy.__file__, 'r+').close(); reached()",
    "write to /usr": "open('/usr/judge-probe', 'w').close(); os.unlink('/usr/judge-probe'); reached()",
    "write to /dev": "open('/dev/judge-probe', 'w').close(); os.unlink('/dev/judge-probe'); reached()",
    "write to /proc/sys": "open('/proc/sys/kernel/hostname', 'r+').close(); reached()",
    "list /sys": "os.listdir('/sys/kernel'); reached()",
    "read the kernel's command line": "open('/proc/cmdline').read(); reached()",
    "open a block device": "os.open(HOST['block'], os.O_RDONLY); reached()",
    "open the kernel's log": "os.open('/dev/kmsg', os.O_WRONLY); reached()",
    "make a block device": "os.mknod('disk', stat.S_IFBLK | 0o600, os.makedev(254, 0)); reached()",
    "make a character device": "os.mknod('memory', stat.S_IFCHR | 0o600, os.makedev(1, 1)); reached()",
    "mount a folder of the host": """
        os.mkdir('here')
        if libc.mount(HOST['folder'].encode(), b'here', None, 4096, None): raise OSError(ctypes.get_errno(), 'mount')
        os.listdir('here'); libc.umount2(b'here', 2); reached()""",
}
_ROOT_ONLY = {
    *("climb out of a chroot", "write to the standard library", "write to /usr"),
    *("write to the installed packages", "write to /dev", "write to /proc/sys", "open a block device"),
    *("open the kernel's log", "make a block device", "make a character device", "mount a folder of the host"),
}
#: What even a process without walls cannot do: no descriptor is passed on; /boot and /home may be missing.
_NO_CONTROL = {"reach a folder through a descriptor", "change its attributes", "read it through a hard link"}

_SECRETS = {
    "the host's environment": "reached() if os.environ.get('JUDGE_PROBE') else os.environ.clear() or open('/nowhere')",
    "the host's first environment": """
        if b'PATH=' in open(f"/proc/{HOST['pid']}/environ", 'rb').read(): reached()""",
    "the environment of process 1": "if b'=' in open('/proc/1/environ', 'rb').read(): reached()",
    "the environment of the parent": "open(f'/proc/{os.getppid()}/environ', 'rb').read(); reached()",
    "the host's command line": "open(f\"/proc/{HOST['pid']}/cmdline\", 'rb').read(); reached()",
    "the names of all processes": """
        names = [entry for entry in os.listdir('/proc') if entry.isdigit()]
        reached() if len(names) > 3 else open('/proc/0')""",
    "the host's memory map": "open(f\"/proc/{HOST['pid']}/maps\").read(); reached()",
    "the host's memory as a file": "open(f\"/proc/{HOST['pid']}/mem\", 'rb'); reached()",
    "the host's memory by a call": """
        buffer = ctypes.create_string_buffer(8)
        near = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
        far = (ctypes.c_void_p * 2)(HOST['address'], 8)
        if libc.process_vm_readv(HOST['pid'], near, 1, far, 1, 0) != 8: raise OSError(ctypes.get_errno(), 'readv')
        reached(buffer.raw)""",
    "the host's descriptors": "os.listdir(f\"/proc/{HOST['pid']}/fd\"); reached()",
    "a descriptor that was left open": """
        for descriptor in range(3, 256):
            try: content = os.pread(descriptor, 100, 0)
            except OSError: continue
            if b'secret' in content: reached(descriptor)
        raise PermissionError('no descriptor holds it')""",
    "a descriptor of the host's": """
        holder = syscall(434, HOST['pid'], 0); syscall(438, holder, HOST['descriptor'], 0); reached()""",
    "the login keys": "tried(250, 219, 6, 0xFFFFFFFD, 0, 0, 0)",
    "the host's working folder": "os.listdir(f\"/proc/{HOST['pid']}/cwd\"); reached()",
}
_SECRETS_NO_CONTROL = {"the host's environment", "a descriptor that was left open", "the environment of process 1"}

_NETWORK = {
    "a server on this machine": "socket.create_connection(('127.0.0.1', HOST['tcp']), 2); reached()",
    "the same over IPv6": "socket.socket(socket.AF_INET6).close(); reached()",
    "a datagram to this machine": """
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock: sock.sendto(b'x', ('127.0.0.1', HOST['udp']))
        reached()""",
    "a named socket": "socket.socket(socket.AF_UNIX).connect(HOST['named']); reached()",
    "an abstract socket": "socket.socket(socket.AF_UNIX).connect(chr(0) + HOST['abstract']); reached()",
    "a named socket from a pair": """
        one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        one.sendto(b'x', HOST['datagrams']); reached()""",
    "a named socket by a message": """
        one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        one.sendmsg([b'x'], [], 0, HOST['datagrams']); reached()""",
    "the routing tables": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).bind((0, 0)); reached()",
    "raw packets": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); reached()",
    "frames on the wire": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3); reached()",
    "the hypervisor": "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).bind((0xFFFFFFFF, 0)); reached()",
    "a server of its own": """
        server = socket.create_server(('127.0.0.1', 0)); server.listen(); reached()""",
    "a name to look up": """
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock: sock.connect(('127.0.0.1', 53))
        reached()""",
    "the kernel's crypto sockets": "socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET, 0); reached()",
}
_NETWORK_ROOT = {"raw packets", "frames on the wire"}
#: Not every kernel has these.
_NETWORK_NO_CONTROL = {"the hypervisor", "the same over IPv6", "the kernel's crypto sockets"}

_PROCESSES = {
    "signal the host": "os.kill(HOST['pid'], 0); reached()",
    "signal the zygote": "os.kill(os.getppid(), 0) if os.getppid() else os.kill(HOST['pid'], 0); reached()",
    "stop the host": "os.kill(HOST['pid'], signal.SIGCONT); reached()",
    "queue a signal to the host": "tried(129, 138, HOST['pid'], 0, struct.pack('3i', 0, 0, -1) + bytes(128))",
    "hold the host by a descriptor": "syscall(434, HOST['pid'], 0); reached()",
    "trace the host": "tried(101, 117, 16, HOST['pid'], 0, 0)",
    "trace oneself": "tried(101, 117, 0, 0, 0, 0)",
    "become root": """
        os.setresuid(0, 0, 0)
        open('/etc/shadow').read(); reached()""",
    "run a setuid program": """
        import subprocess
        text = subprocess.run(['su', '-c', 'cat ' + HOST['secret']], capture_output=True, text=True).stdout
        reached() if 'secret' in text else open('/nowhere')""",
    "read by a program": """
        import subprocess
        text = subprocess.run(['cat', HOST['secret']], capture_output=True, text=True).stdout
        reached() if 'secret' in text else open('/nowhere')""",
    "raise its own limits": """
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
        bytearray(2**31); reached()""",
    "raise the host's limits": "import resource; resource.prlimit(HOST['pid'], resource.RLIMIT_NOFILE); reached()",
    "change the host's priority": "os.setpriority(os.PRIO_PROCESS, HOST['pid'], 5); reached()",
    "pin the host to a core": "os.sched_setaffinity(HOST['pid'], os.sched_getaffinity(HOST['pid'])); reached()",
    "make a user namespace": "tried(272, 97, 0x10000000)",
    "fork into a namespace": "tried(56, 220, 0x10000000 | 0x20000, 0, 0, 0, 0)",
    "fork into one by the newer call": "tried(435, 435, struct.pack('11Q', 0x10000000, *[0] * 10), 88)",
}
_PROCESSES_ROOT = {"become root", "run a setuid program", "change the host's priority"}
_PROCESSES_NO_CONTROL = {"trace the host", "make a user namespace", "fork into a namespace"}
_PROCESSES_NO_CONTROL |= {
    "fork into one by the newer call",
    "signal the zygote",
    "run a setuid program",
    "raise its own limits",
}

#: Name: numbers on x86-64 and aarch64, then arguments that make no sense.
_CALLS: dict[str, str] = {
    "io_uring_setup": "425, 425, 0, None",
    "bpf": "321, 280, -1, None, 0",
    "perf_event_open": "298, 241, None, 0, -1, -1, 0",
    "userfaultfd": "323, 282, -1",
    "kexec_load": "246, 104, 0, 1 << 20, None, -1",
    "kexec_file_load": "320, 294, -1, -1, 0, None, -1",
    "init_module": "175, 105, None, 0, None",
    "finit_module": "313, 273, -1, None, -1",
    "delete_module": "176, 106, None, 0",
    "personality": "135, 92, 0x0040000",
    "reboot": "169, 142, 0, 0, 0, None",
    "swapon": "167, 224, None, 0",
    "sethostname": "170, 161, None, -1",
    "settimeofday": "164, 170, None, None",
    "clock_settime": "227, 112, 77, None",
    "acct": "163, 89, ctypes.c_char_p(b'/nowhere/at/all')",
    "quotactl": "179, 60, -1, None, 0, None",
    "ioperm": "173, None, 0, -1, 0",
    "iopl": "172, None, 77",
    "modify_ldt": "154, None, 77, None, 0",
    "pivot_root": "155, 41, None, None",
    "mount": "165, 40, None, None, None, 0, None",
    "umount2": "166, 39, None, -1",
    "fsopen": "430, 430, None, -1",
    "open_tree": "428, 428, -1, None, -1",
    "move_mount": "429, 429, -1, None, -1, None, -1",
    "mount_setattr": "442, 442, -1, None, -1, None, 0",
    "setns": "308, 268, -1, 0",
    "add_key": "248, 217, None, None, None, 0, 0",
    "request_key": "249, 218, None, None, None, 0",
    "shmget": "29, 194, 0, 0, 0o1000",
    "semget": "64, 190, 0, -1, 0",
    "msgget": "68, 186, 77, 0",
    "mq_open": "240, 180, None, 0, 0, None",
    "fanotify_init": "300, 262, -1, 0",
    "inotify_init1": "294, 26, -1",
    "open_by_handle_at": "304, 265, -1, ctypes.create_string_buffer(32), -1",
    "name_to_handle_at": "303, 264, -1, None, None, None, -1",
    "move_pages": "279, 239, 0, 1, None, None, None, -1",
    "mbind": "237, 235, 1, 0, -1, None, 0, 0",
    "process_madvise": "440, 440, -1, None, 0, 0, -1",
    "kcmp": "312, 272, 1, 1, 99, 0, 0",
    "memfd_create": "319, 279, None, -1",
    "memfd_secret": "447, 447, -1",
    "syslog": "103, 116, 10, None, 0",
    "seccomp": "317, 277, 99, 0, None",
    "landlock_create_ruleset": "444, 444, None, 0, 1",
    "prctl to change the memory map": "157, 167, 35, 99, 0, 0, 0",
    "ioctl to type on the terminal": "16, 29, 0, 0x5412, None",
    "vhangup": "153, 58",
    "lookup_dcookie": "212, 18, 0, None, 0",
    "ioprio_set": "251, 30, 99, 0, 0",
    "splice": "275, 76, -1, None, -1, None, 0, -1",
    "pidfd_getfd": "438, 438, -1, -1, -1",
}
#: Harmful when they work, missing from many kernels, or answered with EPERM for another reason.
_CALLS_NO_CONTROL = {
    *(
        "vhangup",
        "settimeofday",
        "userfaultfd",
        "lookup_dcookie",
        "memfd_secret",
        "perf_event_open",
        "reboot",
        "prctl to change the memory map",
    ),
    *("ioctl to type on the terminal", "kexec_load", "kexec_file_load", "personality", "swapon", "acct"),
    *("init_module", "finit_module", "delete_module", "iopl", "ioperm", "sethostname", "quotactl", "modify_ldt"),
    *("landlock_create_ruleset", "setns", "request_key", "bpf", "kcmp", "fsopen", "io_uring_setup"),
}


def _table(
    family: Family, codes: dict[str, str], *, root: set[str] = frozenset(), none: set[str] = frozenset()
) -> list[Escape]:
    return [
        Escape(family, name, textwrap.dedent(code), None if name in none else "root" if name in root else "any")
        for name, code in codes.items()
    ]


ESCAPES = [
    *_table("files", _FILES, root=_ROOT_ONLY, none=_NO_CONTROL),
    *_table("secrets", _SECRETS, none=_SECRETS_NO_CONTROL),
    *_table("network", _NETWORK, root=_NETWORK_ROOT, none=_NETWORK_NO_CONTROL),
    *_table("processes", _PROCESSES, root=_PROCESSES_ROOT, none=_PROCESSES_NO_CONTROL),
    *_table(
        "calls", {name: f"tried({text})" for name, text in _CALLS.items()}, root=set(_CALLS), none=_CALLS_NO_CONTROL
    ),
]
