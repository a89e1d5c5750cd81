"""The units that are known, with their exact factors: data only."""

#: `symbol: other names | factor | powers of base units`; "+" before a symbol lets it take SI prefixes.
TABLE = """
+m: meter metre | 1 | m
+g: gram gramme | 1/1000 | kg
t: tonne ton | 1000 | kg
+s: second sec | 1 | s
min: minute mins | 60 | s
h: hour hr hrs | 3600 | s
day: day d | 86400 | s
week: week wk | 604800 | s
year: year yr yrs | 31557600 | s
month: month | 2629800 | s
+A: ampere amp | 1 | A
K: kelvin | 1 | K
+mol: mole | 1 | mol
cd: candela | 1 | cd
+Hz: hertz | 1 | s-1
+N: newton | 1 | kg m s-2
+Pa: pascal | 1 | kg m-1 s-2
+J: joule | 1 | kg m2 s-2
+W: watt | 1 | kg m2 s-3
+C: coulomb | 1 | A s
+V: volt | 1 | kg m2 s-3 A-1
+F: farad | 1 | kg-1 m-2 s4 A2
+Ω: ohm Omega | 1 | kg m2 s-3 A-2
+S: siemens | 1 | kg-1 m-2 s3 A2
+Wb: weber | 1 | kg m2 s-2 A-1
+T: tesla | 1 | kg s-2 A-1
+H: henry | 1 | kg m2 s-2 A-2
+eV: electronvolt | 1602176634/10000000000000000000000000000 | kg m2 s-2
+cal: calorie | 4.184 | kg m2 s-2
Cal: kilocalorie | 4184 | kg m2 s-2
+Wh: | 3600 | kg m2 s-2
+L: liter litre l | 1/1000 | m3
+bar: | 100000 | kg m-1 s-2
atm: atmosphere | 101325 | kg m-1 s-2
mmHg: torr Torr | 133.322387415 | kg m-1 s-2
in: inch inches | 0.0254 | m
ft: foot feet | 0.3048 | m
yd: yard | 0.9144 | m
mi: mile | 1609.344 | m
Å: angstrom | 1/10000000000 | m
ly: lightyear | 9460730472580800 | m
au: AU | 149597870700 | m
lb: pound lbs | 0.45359237 | kg
oz: ounce | 0.028349523125 | kg
gal: gallon | 0.003785411784 | m3
ha: hectare | 10000 | m2
acre: | 4046.8564224 | m2
mph: | 0.44704 | m s-1
kph: kmph | 5/18 | m s-1
knot: kn | 463/900 | m s-1
+M: molar | 1000 | mol m-3
+B: byte | 8 | bit
bit: | 1 | bit
rad: radian | 1 | rad
deg: degree | PI/180 | rad
rev: revolution | 2PI | rad
rpm: | PI/30 | rad s-1
arcmin: | PI/10800 | rad
percent: pct % percentage | 1/100 |
USD: dollar buck | 1 | USD
cent: | 1/100 | USD
EUR: euro | 1 | EUR
GBP: | 1 | GBP
JPY: yen | 1 | JPY
CNY: yuan RMB | 1 | CNY
INR: rupee Rs | 1 | INR
dyn: dyne | 1/100000 | kg m s-2
erg: | 1/10000000 | kg m2 s-2
hp: horsepower | 745.69987158227022 | kg m2 s-3
u: amu | 1.66053906892e-27 | kg
"""
PREFIXES = {"Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "d": -1, "c": -2, "m": -3,
             "μ": -6, "u": -6, "n": -9, "p": -12, "f": -15}  # fmt: skip
LONG_PREFIXES = {"tera": 12, "giga": 9, "mega": 6, "kilo": 3, "hecto": 2, "deci": -1, "centi": -2, "milli": -3,
                  "micro": -6, "nano": -9, "pico": -12, "femto": -15}  # fmt: skip
