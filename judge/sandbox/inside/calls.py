"""The system calls that a run may make, in groups: name, number on x86-64, number on aarch64 ("-": it has none).

What is not listed is refused: sockets, mounts, namespaces, tracing, other processes' memory, keys, kernel modules,
io_uring, bpf, memory files, clocks, priorities of others, quota, swap and what is still to come.
"""

from __future__ import annotations

import os

# Reading and writing; where, the mounts and Landlock decide.
_FILES = """
    read:0:63 write:1:64 readv:19:65 writev:20:66 pread64:17:67 pwrite64:18:68 preadv:295:69 pwritev:296:70
    preadv2:327:286 pwritev2:328:287 open:2:- openat:257:56 close:3:57 close_range:436:436 creat:85:- stat:4:-
    fstat:5:80 lstat:6:- newfstatat:262:79 statx:332:291 access:21:- faccessat:269:48 faccessat2:439:439 lseek:8:62
    getdents:78:- getdents64:217:61 getcwd:79:17 chdir:80:49 fchdir:81:50 rename:82:- renameat:264:38
    renameat2:316:276 mkdir:83:- mkdirat:258:34 rmdir:84:- unlink:87:- unlinkat:263:35 link:86:- linkat:265:37
    symlink:88:- symlinkat:266:36 readlink:89:- readlinkat:267:78 umask:95:166 dup:32:23 dup2:33:- dup3:292:24
    pipe:22:- pipe2:293:59 flock:73:32 fsync:74:82 fdatasync:75:83 sync_file_range:277:84
    fallocate:285:47 ftruncate:77:46 truncate:76:45 sendfile:40:71 copy_file_range:326:285 statfs:137:43
    fstatfs:138:44 fadvise64:221:223
"""
_WAITS = """
    poll:7:- ppoll:271:73 select:23:- pselect6:270:72 epoll_create:213:- epoll_create1:291:20 epoll_ctl:233:21
    epoll_wait:232:- epoll_pwait:281:22 epoll_pwait2:441:441 eventfd:284:- eventfd2:290:19 timerfd_create:283:85
    timerfd_settime:286:86 timerfd_gettime:287:87 recvfrom:45:207 sendmsg:46:211 recvmsg:47:212 shutdown:48:210
    getsockopt:55:209 getsockname:51:204 getpeername:52:205
"""
_MEMORY = """
    mmap:9:222 mprotect:10:226 munmap:11:215 mremap:25:216 madvise:28:233 brk:12:214 msync:26:227 mincore:27:232
    membarrier:324:283
"""
_SIGNALS = """
    rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139 rt_sigsuspend:130:133 rt_sigpending:127:136
    rt_sigtimedwait:128:137 sigaltstack:131:132 kill:62:129 tkill:200:130 tgkill:234:131 pause:34:-
    restart_syscall:219:128
"""
_TIME = """
    nanosleep:35:101 clock_nanosleep:230:115 getitimer:36:102 setitimer:38:103 alarm:37:- clock_gettime:228:113
    clock_getres:229:114 gettimeofday:96:169 time:201:- times:100:153
"""
_SELF = """
    getpid:39:172 getppid:110:173 gettid:186:178 getuid:102:174 geteuid:107:175 getgid:104:176 getegid:108:177
    getgroups:115:158 getresuid:118:148 getresgid:120:150 getpgrp:111:- getpgid:121:155 getsid:124:156
    getcpu:309:168 uname:63:160 sysinfo:99:179 getrusage:98:165 getrlimit:97:163 setrlimit:160:164
    getpriority:140:141 sched_yield:24:124 sched_getaffinity:204:123 sched_getparam:143:121
    sched_getscheduler:145:120 sched_get_priority_max:146:125 sched_get_priority_min:147:126 futex:202:98
    set_robust_list:273:99 get_robust_list:274:100 set_tid_address:218:96 arch_prctl:158:- rseq:334:293 exit:60:93
    exit_group:231:94 wait4:61:260 waitid:247:95 getrandom:318:278
"""
# Allowed for some arguments only.
_FILTERED = """
    socketpair:53:199 sendto:44:206 ioctl:16:29 fcntl:72:25 prctl:157:167 prlimit64:302:261 clone:56:220
"""
# Landlock does not cover these, so they need a wall of mounts.
_OWNER = """
    chmod:90:- fchmod:91:52 fchmodat:268:53 fchmodat2:452:452 chown:92:- fchown:93:55 lchown:94:- fchownat:260:54
    utime:132:- utimes:235:- futimesat:261:- utimensat:280:88
"""
_PROGRAMS = """
    execve:59:221 execveat:322:281
"""
_PROCESSES = """
    fork:57:- vfork:58:-
"""
_SESSIONS = """
    setpgid:109:154 setsid:112:157
"""
# The C library falls back from these to calls that can be checked; their arguments lie in memory and cannot.
_ABSENT = """
    clone3:435:435 openat2:437:437
"""
# Python's shutil takes "not supported" for an answer, and no other error.
_ATTRIBUTES = """
    getxattr:191:8 lgetxattr:192:9 fgetxattr:193:10 listxattr:194:11 llistxattr:195:12 flistxattr:196:13
    setxattr:188:5 lsetxattr:189:6 fsetxattr:190:7 removexattr:197:14 lremovexattr:198:15 fremovexattr:199:16
"""

_COLUMN = {"x86_64": 0, "aarch64": 1}


def numbers(text: str) -> dict[str, int]:
    """Return the calls of a group that this machine's processor has, with their numbers."""
    column = _COLUMN.get(os.uname().machine)
    if column is None:
        return {}  # there is no filter for this processor, and without one only the tier without walls
    entries = (entry.split(":") for entry in text.split())
    return {name: int(places[column]) for name, *places in entries if places[column] != "-"}


COMMON = {
    **numbers(_FILES),
    **numbers(_WAITS),
    **numbers(_MEMORY),
    **numbers(_SIGNALS),
    **numbers(_TIME),
    **numbers(_SELF),
}
FILTERED = numbers(_FILTERED)
OWNER = numbers(_OWNER)
PROGRAMS = numbers(_PROGRAMS)
PROCESSES = numbers(_PROCESSES)
SESSIONS = numbers(_SESSIONS)
ABSENT = numbers(_ABSENT)
ATTRIBUTES = numbers(_ATTRIBUTES)
