"""Programs in Java and JavaScript: what they print, and what takes more than it may. Run by test_runtimes.py."""

from __future__ import annotations

from typing import NamedTuple

from judge.sandbox import Limits, MiB, Reason

#: A JVM and V8 reserve gigabytes of addresses, whatever they use.
ROOMY = Limits(seconds=60, cpu_seconds=60, memory_bytes=512 * MiB, address_bytes=64 * 1024 * MiB)
BRIEF = ROOMY.model_copy(update={"seconds": 2})
SPARING = ROOMY.model_copy(update={"cpu_seconds": 2})
SEVERAL = ROOMY.model_copy(update={"processes": 4})
SERIAL = ("-XX:+UseSerialGC", "-XX:ActiveProcessorCount=2")


class Program(NamedTuple):
    """One file, and the command that runs it."""

    name: str
    argv: tuple[str, ...]
    files: dict[str, str]
    limits: Limits = ROOMY
    stdout: str = ""
    reasons: tuple[Reason | None, ...] = (None,)
    stderr: str = ""  #: what it says where the kernel refused, and the program ended by itself


Reasons = tuple[Reason | None, ...]


def java(
    name: str,
    body: str,
    *flags: str,
    limits: Limits = ROOMY,
    stdout: str = "",
    reasons: Reasons = (None,),
    stderr: str = "",
) -> Program:
    main = f"public class Main {{ public static void main(String[] given) throws Exception {{ {body} }} }}"
    source = "\n".join(f"import java.util.{package}*;" for package in ("", "concurrent.", "concurrent.locks.")) + main
    return Program(name, ("java", *SERIAL, *flags, "Main.java"), {"Main.java": source}, limits, stdout, reasons, stderr)


def node(
    name: str,
    source: str,
    *flags: str,
    limits: Limits = ROOMY,
    stdout: str = "",
    reasons: Reasons = (None,),
    stderr: str = "",
) -> Program:
    return Program(name, ("node", *flags, "main.js"), {"main.js": source}, limits, stdout, reasons, stderr)


HONEST = [
    java("java greets", 'System.out.println("hello " + 6 * 7);', stdout="hello 42\n"),
    java(
        "java computes in threads",
        "ExecutorService pool = Executors.newFixedThreadPool(8); List<Future<Long>> found = new ArrayList<>();"
        "for (int i = 0; i < 8; i++) found.add(pool.submit(() -> {"
        " long sum = 0; for (int j = 0; j < 10_000_000; j++) sum += j; return sum; }));"
        "long total = 0; for (var one : found) total += one.get(); pool.shutdown(); System.out.println(total);",
        stdout="399999960000000\n",
    ),
    java(
        "java reads and writes",
        'var path = java.nio.file.Path.of("made"); java.nio.file.Files.writeString(path, "x".repeat(1000));'
        "System.out.println(java.nio.file.Files.size(path) + new Scanner(System.in).nextInt());",
        stdout="1005\n",
    ),
    node("node greets", "console.log('hello', 6 * 7)", stdout="hello 42\n"),
    node(
        "node computes",
        "let sum = 0n; for (let i = 0n; i < 1000000n; i++) sum += i * i;"
        "console.log(sum.toString(), require('crypto').createHash('sha256').update('x').digest('hex').slice(0, 8))",
        stdout="333332833333500000 2d711642\n",
    ),
    node(
        "node computes in a thread and reads",
        "const { Worker } = require('worker_threads'); const fs = require('fs');"
        'const code = "const sum = [...Array(10).keys()].reduce((a, b) => a + b);'
        "require('worker_threads').parentPort.postMessage(sum)\";"
        "new Worker(code, { eval: true }).on('message', async sum => {"
        " await fs.promises.writeFile('made', 'xyz');"
        " console.log(sum, (await fs.promises.stat('made')).size, fs.readFileSync(0, 'utf8')) })",
        stdout="45 3 5\n",
    ),
]

EXCESSES = [
    java(
        "java's heap",
        "var kept = new ArrayList<byte[]>();"
        "for (int i = 0; i < 2048; i++) { var one = new byte[1 << 20]; Arrays.fill(one, (byte) 1); kept.add(one); }"
        "System.out.println(kept.size());",
        "-Xmx3g",
        reasons=("memory",),
    ),
    java(
        "java beside its heap",
        "var kept = new ArrayList<java.nio.ByteBuffer>(); for (int i = 0; i < 32; i++) {"
        " var one = java.nio.ByteBuffer.allocateDirect(1 << 26); while (one.hasRemaining()) one.putLong(1L);"
        " kept.add(one); }"
        "System.out.println(kept.size());",
        "-XX:MaxDirectMemorySize=3g",
        reasons=("memory",),
    ),
    node(
        "node's buffers",
        "const kept = []; for (let i = 0; i < 32; i++) kept.push(Buffer.alloc(1 << 26, 1)); console.log(kept.length)",
        reasons=("memory",),
    ),
    node(
        "node's heap",
        "const kept = []; for (let i = 0; i < 2 ** 28; i++) kept.push({ i }); console.log(kept.length)",
        "--max-old-space-size=3072",
        reasons=("memory",),
    ),
    node(
        "node's memory in several processes",
        "const { fork } = require('child_process'); if (process.argv[2]) {"
        " const kept = Buffer.alloc(250 << 20, 1); setTimeout(() => console.log(kept.length), 60000) }"
        "else for (let i = 0; i < 3; i++) fork(__filename, ['child'])",
        limits=SEVERAL,
        reasons=("memory",),
    ),
    java("java sleeps", "Thread.sleep(600_000);", limits=BRIEF, reasons=("time",)),
    java("java is busy", "while (true) given = new String[0];", limits=SPARING, reasons=("cpu",)),
    node("node sleeps", "setTimeout(() => 0, 600000)", limits=BRIEF, reasons=("time",)),
    node("node is busy", "for (;;);", limits=SPARING, reasons=("cpu",)),
    java(
        "java starts processes",
        'for (int i = 0; i < 20; i++) new ProcessBuilder("sleep", "600").start(); Thread.sleep(600_000);',
        limits=SEVERAL,
        reasons=("processes",),
    ),
    node(
        "node starts processes",
        "for (let i = 0; i < 20; i++) require('child_process').spawn('sleep', ['600'])",
        limits=SEVERAL,
        reasons=("processes",),
    ),
    node(
        "node starts one that it may not",
        "require('child_process').spawn('sleep', ['600'])",
        stderr="EAGAIN",
    ),
    java(
        "java starts many threads",
        "try { for (int i = 0; i < 500; i++) new Thread(() -> { while (true) LockSupport.park(); }).start(); }"
        "catch (OutOfMemoryError error) { System.err.println(error); System.exit(1); } Thread.sleep(600_000);",
        reasons=("processes", None),  # the kernel counts where it can, and java says that it got no more
        stderr="unable to create native thread",
    ),
]
