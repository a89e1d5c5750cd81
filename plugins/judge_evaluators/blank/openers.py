"""Openers: phrases that announce an answer and give none, in English by their grammar, else from a list."""

from __future__ import annotations

import re

from judge.text.normal import normalized

_LONGEST_PIECE = 120
_DRESSING = str.maketrans(
    dict.fromkeys('*_#`"“”„«»-–—', " ") | dict.fromkeys("'’‘")  # "Let's" is read as "lets"
)
_STOPS = re.compile(r"[.,:;!?\n。、，：；！？…]+")
_WORD = re.compile(r"\w+")

_TASK = r"(?:problem|question|task|exercise|equation|request|prompt|puzzle)"
_STEPS = r"(?:step by step|one step at a time|step after step)"
_HOW = rf"(?:{_STEPS}|carefully|systematically|logically|methodically|together|in detail)"
_SURE_NOUN = r"(?:answer|solution|reasoning|explanation|(?:thought|thinking|reasoning) process|chain of thought)"
_NOUN = rf"(?:{_SURE_NOUN}|response|analysis|thoughts?|thinking|proof|derivation|rationale|approach|steps|result)"
_VERB = (
    r"(?:solve|think|work|reason|analy[sz]e|break|consider|go|look|examine|explain|answer|address|tackle|approach|"
    r"figure|proceed|start|begin)(?: (?:about|through|out|down|at|into|with))?"
)
_FILLER = re.compile(
    r"(?:ok|okay|sure|certainly|of course|absolutely|all ?right|well|so|now|great(?: question)?|first|hello|hi|thanks?)"
)
_OPENER = re.compile(
    # The (final) answer (to this question) (is) (as follows)
    rf"(?:here (?:is|are) |heres |this is |the |my |our |final |detailed |{_STEPS} )*{_SURE_NOUN}"
    rf"(?: (?:to|for|of) (?:the|this|that|your) {_TASK})?(?: is)?(?: as follows)?"
    # Let us think about this problem carefully, step by step
    rf"|(?:(?:ok|okay|so|now) )?(?:lets|let us|let me|i will|ill|we will|we can|we need to|i need to|im going to)"
    rf"(?: (?:now|first|try to|start by|begin by))* {_VERB}(?: (?:this|the|that|it|your))*(?: {_HOW})*"
    rf" (?:{_TASK}|{_STEPS})(?: {_HOW})*"
    rf"|to (?:solve|answer|approach|tackle|address) (?:this|the) {_TASK}(?: {_HOW})*"
    rf"|(?:let me|lets|let us) (?:think|see|begin|start|explain)|{_STEPS}"
)
_ANNOUNCED = re.compile(
    # With a colon after it: here are the steps:
    rf"(?:here (?:is|are) |heres |this is |the |my |our |an? |final |detailed |{_STEPS} )*{_NOUN}"
    rf"(?: (?:to|for|of) (?:the|this|that|your) {_TASK})?(?: (?:is|are))?(?: as follows)?"
)

#: Openers in other languages, folded as `folded` folds. Each means answer, solution, explanation, or step by step.
_FOREIGN = frozenset(
    piece
    for line in (
        "解|解答|解析|答案|答|回答|思考过程|思考過程|思路|解题过程|让我们一步一步地思考|让我们一步一步解决这个问题|让我们逐步解决这个问题",
        "かいせつ|解説|答え|こたえ|解き方|考え方|ステップバイステップで考えましょう|この問題を一歩ずつ解いていきましょう",
        "풀이|해설|정답|답|답변|단계별로 생각해 봅시다|이 문제를 단계별로 풀어 봅시다",
        "respuesta|la respuesta|la respuesta es|solución|explicación|razonamiento|pensemos paso a paso",
        "resolvamos este problema paso a paso|vamos a resolver este problema paso a paso",
        "réponse|la réponse|la réponse est|explication|raisonnement|réfléchissons étape par étape",
        "résolvons ce problème étape par étape",
        "antwort|die antwort|die antwort ist|lösung|lösungsweg|erklärung|denken wir schritt für schritt",
        "lösen wir dieses problem schritt für schritt",
        "resposta|a resposta é|solução|explicação|raciocínio|vamos pensar passo a passo",
        "vamos resolver este problema passo a passo",
        "risposta|la risposta è|soluzione|spiegazione|ragionamento|pensiamo passo dopo passo",
        "risolviamo questo problema passo dopo passo",
        "ответ|решение|объяснение|рассуждение|ход мыслей|давайте решим эту задачу шаг за шагом",
        "давайте подумаем шаг за шагом",
        "الجواب|الإجابة|الحل|الشرح|لنفكر خطوة بخطوة|उत्तर|हल|समाधान|व्याख्या|आइए चरण दर चरण सोचें",
        "cevap|çözüm|açıklama|adım adım düşünelim|lời giải|đáp án|trả lời|hãy suy nghĩ từng bước",
        "antwoord|oplossing|uitleg|odpowiedź|rozwiązanie|wyjaśnienie",
    )
    for piece in line.split("|")
)
_ASKS_FOR_WORD = re.compile(
    r"\b(?:words?|synonyms?|antonyms?|terms?|called|known as|(?:type|kind|form|example|part) of|translat\w*|meaning of|"
    r"opposite of)\b|怎么说|翻译|意味|訳|palabra|traduc|\bwort\b|heißt|\bmot\b|слово",
    re.IGNORECASE,
)
_FUNCTION_WORDS = frozenset(
    {
        "a",
        "an",
        "the",
        "this",
        "that",
        "it",
        "is",
        "are",
        "my",
        "our",
        "your",
        "me",
        "us",
        "i",
        "ill",
        "im",
        "we",
        "let",
    }
    | {
        "lets",
        "will",
        "can",
        "need",
        "going",
        "here",
        "heres",
        "to",
        "for",
        "of",
        "about",
        "by",
        "at",
        "as",
        "in",
        "on",
    }
    | {"with", "out", "now", "first", "so", "ok", "okay", "sure", "well", "la", "die", "est", "ist", "es", "é", "è"}
)


def announces(text: str) -> bool:
    """Return whether a text is made of openers alone.

    >>> announces("Okay. Let's solve this problem step by step:"), announces("Sure."), announces("Solution: 4")
    (True, False, False)
    """
    said = folded(text)
    pieces = [piece for part in _STOPS.split(said) if (piece := " ".join(part.split()))]
    if not pieces or any(len(piece) > _LONGEST_PIECE for piece in pieces):
        return False
    openers = {piece for piece in pieces if piece in _FOREIGN or _OPENER.fullmatch(piece)}
    if _ends_in_colon(said) and _ANNOUNCED.fullmatch(pieces[-1]):
        openers.add(pieces[-1])
    return bool(openers) and all(_FILLER.fullmatch(piece) for piece in set(pieces) - openers)


def could_be_asked_for(text: str, question: str) -> bool:
    """Return whether a question may ask for a word or two that happen to be an opener."""
    return len(text.split()) <= 2 and not _ends_in_colon(text) and _ASKS_FOR_WORD.search(question) is not None


def shared(text: str, references: tuple[str, ...]) -> bool:
    """Return whether a reference holds at least half of the words of a text that mean something."""
    words = set(_WORD.findall(folded(text))) - _FUNCTION_WORDS
    for reference in map(folded, references):
        known = set(_WORD.findall(reference))
        if 2 * sum(word in known or (not word.isascii() and word in reference) for word in words) >= len(words) > 0:
            return True
    return False


def folded(text: str) -> str:
    """Return a text without its dressing: one form of each letter, no emphasis, quotation marks or hyphens."""
    return normalized("NFKC", text).casefold().translate(_DRESSING)


def _ends_in_colon(text: str) -> bool:
    return normalized("NFKC", text).rstrip(" \t\n*_`").endswith(":")
