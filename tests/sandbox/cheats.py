"""Candidates that want to pass without computing: the table that test_cheats.py runs.

The task is always `f(n)`: the sum of the squares below n. No cheat computes it; each tries to make whoever compares
believe that it did, or to find out what is expected.
"""

from __future__ import annotations

HONEST = "def f(n):\n    return sum(i * i for i in range(n))"

_EQUAL = """
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __repr__(self): return '285'
"""

CHEATS = {
    "exits before it is asked": "import sys\ndef f(n): return 0\nsys.exit(0)",
    "exits when it is called": "import sys\ndef f(n): sys.exit(0)",
    "ends the process": "import os\ndef f(n): os._exit(0)",
    "ends the process while it is read": "import os\nos._exit(0)\ndef f(n): return 0",
    "raises SystemExit with a result": "def f(n): raise SystemExit(285)",
    "kills itself": "import os, signal\ndef f(n): os.kill(os.getpid(), signal.SIGKILL); return 0",
    "equals everything": f"class Anything:{_EQUAL}\ndef f(n): return Anything()",
    "equals everything and is a number": f"class Anything(int):{_EQUAL}\ndef f(n): return Anything(7)",
    "equals everything and is a text": f"class Anything(str):{_EQUAL}\ndef f(n): return Anything('285')",
    "equals everything and is a list": f"class Anything(list):{_EQUAL}\ndef f(n): return Anything()",
    "has a metaclass that equals everything": f"class M(type):{_EQUAL}\nclass A(metaclass=M): pass\ndef f(n): return A",
    "says that its class is int": f"class A:{_EQUAL}    __class__ = int\ndef f(n): return A()",
    "converts itself": """
        class A(int):
            def __index__(self): return 285
            __int__ = __trunc__ = __index__
        def f(n): return A(7)""",
    "formats itself": "class A(int):\n    def __format__(self, spec): return '11d'\ndef f(n): return A(7)",
    "reads the frames of its caller": """
        import sys
        def f(n):
            found, frame = [], sys._getframe()
            while frame:
                found += [v for v in frame.f_locals.values() if type(v) is int and v > 200]
                frame = frame.f_back
            return found[0] if found else None""",
    "reads all objects": """
        import gc
        def f(n):
            held = [list(o.values()) if type(o) is dict else o for o in gc.get_objects() if type(o) in (list, dict)]
            numbers = [x for items in held for x in items if type(x) is int and x > 200]
            return max(set(numbers), key=numbers.count, default=None) if numbers else None""",
    "reads its input from the other side": """
        import os, select
        def f(n):
            return os.read(3, 10**6) if select.select([3], [], [], 0)[0] else None""",
    "patches the comparison of unittest": """
        import unittest
        unittest.TestCase.assertEqual = lambda *a, **k: None
        def f(n): return 0""",
    "patches builtins": """
        import builtins
        builtins.all = builtins.any = lambda *a: True
        builtins.isinstance = lambda *a: True
        builtins.type = lambda *a: int
        builtins.repr = builtins.str = lambda *a: '285'
        def f(n): return 0""",
    "patches json": """
        import json
        json.dumps = lambda *a, **k: '{"value": {"i": "true"}}'
        json.encoder.JSONEncoder.encode = json.dumps
        def f(n): return 0""",
    "patches the encoder": """
        import sys
        for name, module in list(sys.modules.items()):
            for key in ('encode', '_encode'):
                if name.startswith('_inside') and hasattr(module, key):
                    setattr(module, key, lambda *a: {'equal': True})
        def f(n): return 0""",
    "prints results": "def f(n):\n    print('PASSED 3/3'); print('{\"value\": {\"i\": \"11d\"}}'); print('OK')",
    "writes results to the socket": """
        import json, os
        for _ in range(9):
            text = json.dumps({'value': True, 'passed': True, 'outcome': 'correct', 'equal': True}).encode()
            os.write(3, len(text).to_bytes(4, 'big') + text)
        def f(n): return 0""",
    "writes nonsense to the socket": "import os\nos.write(3, b'\\0\\0\\0\\5{{{{{' * 9)\ndef f(n): return 0",
    "writes results in a thread": """
        import os, threading
        def flood():
            while True: os.write(3, b'\\0\\0\\0\\4true')
        threading.Thread(target=flood, daemon=True).start()
        def f(n): return 0""",
    "gives a nest without end": "def f(n):\n    x = []\n    x.append(x)\n    return x",
    "gives a number that equals none": "def f(n): return float('nan')",
    "gives a generator": "def f(n): yield 285",
    "steals a token": """
        import os, glob
        def f(n):
            for path in glob.glob('/proc/*/environ') + glob.glob('/**/expected*') + glob.glob('**'):
                try: return open(path).read()
                except OSError: pass""",
    "asks the environment": "import os\ndef f(n): return os.environ.get('EXPECTED') or os.environ.get('ANSWER')",
    "leaves work for the end": """
        import atexit, os
        atexit.register(lambda: os.write(3, b'\\0\\0\\0\\4true'))
        def f(n): return 0""",
    "traces its caller": """
        import sys
        def tracer(frame, event, value):
            for name in list(frame.f_locals): frame.f_locals[name] = 285
            return tracer
        sys.settrace(tracer); sys.setprofile(tracer)
        def f(n): return 0""",
    "changes its input": "def f(n):\n    import ctypes\n    return n.__add__(0)",
    "replaces the module it is in": "import sys\nsys.modules['__main__'] = sys\ndef f(n): return 0",
}
