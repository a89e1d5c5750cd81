"""What a response, its references and its question have in common, as numbers for the classifier.

The features are lexical: nothing here knows that Holland is the Netherlands or that 3 h 48 min are 228 minutes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from judge_evaluators.short_text.cues import BUT, HEDGE, JOIN, MANY, NOT, NOW, REFUSAL, YEAR, asks_for
from judge_evaluators.short_text.dates import agreement, dates, rounded, vague
from judge_evaluators.short_text.matching import Match, Words, matches, mean
from judge_evaluators.short_text.reading import Reading, names
from judge_evaluators.short_text.similarity import alike, gap, kept, share
from judge_evaluators.short_text.words import STOP, trigrams

_MANY = 30  # references whose words are counted together
_TRIGRAMS = 600  # characters up to which two texts are compared as sets of trigrams


def features(
    question: Reading, references: Sequence[Reading], said: Reading, *, rarity: Mapping[str, float]
) -> dict[str, float]:
    """Return the features by name, for the reference that the response matches best.

    The references are `distinct`; there must be one. A word that `rarity` lacks weighs what "" weighs.
    """
    asked = frozenset(question.content)
    used = Words(asked, said.content, [w for w in said.content if w not in asked], rarity)
    found = matches(references, said, used)
    best = found[0]
    return {
        **_overlap(best, used),
        **_characters(best.reference, said),
        **_places(best, said, used),
        **_numbers(best.reference, said, used),
        **_candidates(best, said, used),
        **_references(found),
        **_style(question.text, best.reference, said, used),
    }


def _overlap(best: Match, used: Words) -> dict[str, float]:
    """Words in common, exactly and nearly."""
    keys, weights, hits = best.keys, best.weights, best.hits
    common = sum(at >= 0 for at in hits)
    precision = common / len(used.said) if used.said else 0.0
    recall = common / len(keys) if keys else 0.0
    near = best.near
    lost = [w for w, n in zip(weights, near, strict=True) if n < 0.5]
    lost_new = [w for w, n, new in zip(weights, near, best.new, strict=True) if n < 0.5 and new]
    rare, own = used.rarity[""], set(keys)
    fresh = [used.rarity.get(w, rare) for w in used.fresh]
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if common else 0.0,
        "whole": float(best.whole),
        "cover": best.cover,
        "cover_new": best.cover_new,
        "cover_near": best.cover_near,
        "cover_new_near": best.cover_new_near,
        "missing": max(lost, default=0.0),
        "missing_all": sum(lost),
        "missing_new": sum(lost_new),
        "rarest": max(weights, default=0.0),
        "rarest_hit": max((w for w, at in zip(weights, hits, strict=True) if at >= 0), default=0.0),
        "rarity": sum(weights) / max(1, len(weights)),
        "nearest": max((n for n, at in zip(near, hits, strict=True) if at < 0), default=0.0),
        "last_key": near[-1] if near else 0.0,
        "first_key": near[0] if near else 0.0,
        "keys": float(len(keys)),
        "keys_new": float(sum(best.new)),
        "keys_asked": float(len(keys) - sum(best.new)),
        "fresh": sum(fresh),
        "fresh_hit": mean([float(w in own) for w in used.fresh], fresh),
    }


def _characters(ref: Reading, said: Reading) -> dict[str, float]:
    """Likeness without regard to where words end."""
    ours, theirs = ref.sequence.replace(" ", ""), said.sequence.replace(" ", "")
    grams = trigrams(ours or "?")
    if len(theirs) <= _TRIGRAMS:
        others = trigrams(theirs)
        shared = len(grams & others)
        dice = 2 * shared / (len(grams) + len(others))
    else:
        shared, dice = sum(g in theirs for g in grams), 0.0
    return {
        "exact": float(ref.sequence == said.sequence and ours != ""),
        "glued": float(ours != "" and ours in theirs),
        "characters": float(len(ours)),
        "trigrams": shared / len(grams),
        "dice": dice,
        "edit": kept(ref.sequence, said.sequence),
        "acronym": _acronym(ref, said),
    }


def _acronym(ref: Reading, said: Reading) -> float:
    """Whether the initials of one side stand as a word on the other."""
    initials = "".join(w[0] for w in ref.words if w not in STOP)
    if len(initials) >= 2 and initials in said.places:
        return 1.0
    theirs = "".join(w[0] for w in said.words if w not in STOP)
    return float(any(2 <= len(w) <= 5 and w.isalpha() and w in theirs and w.upper() in ref.text for w in ref.words))


def _places(best: Match, said: Reading, used: Words) -> dict[str, float]:
    """Where the reference stands in the response, and what stands around it."""
    length = len(said.words)
    scored = [(w * (1 + n), at) for w, at, n in zip(best.weights, best.hits, best.new, strict=True) if at >= 0]
    at = max(scored, default=(0.0, -1))[1]
    hits = [hit for _, hit in scored]
    first, last = said.first, said.starts[-1] if said.starts else 0
    start = max((s for s in said.starts if s <= at), default=0)
    stop = min((s for s in said.starts if s > at), default=length)
    local = set(said.words[start:stop]) if at >= 0 else set()
    asked = len(used.asked) or 1
    return {
        "at": float(at),
        "at_relative": at / length if at >= 0 else -1.0,
        "before": float(sum(w not in STOP and w not in used.asked for w in said.words[:at])) if at >= 0 else -1.0,
        "after": float(length - at - 1) if at >= 0 else -1.0,
        "span": float(max(hits) - min(hits) + 1 - len(hits)) if hits else -1.0,
        "negated": float(any(w in NOT for w in said.words[max(0, at - 6) : max(0, at)])),
        "cover_first": mean([float(0 <= hit < first) for hit in best.hits], best.weights),
        "cover_last": sum(hit >= last for hit in best.hits) / len(best.hits) if best.hits else 0.0,
        "asked_seen": sum(w in said.places for w in used.asked) / asked,
        "asked_local": len(local & used.asked) / asked,
        "asked_first": sum(w in used.asked for w in said.words[:first]) / asked,
    }


def _numbers(ref: Reading, said: Reading, used: Words) -> dict[str, float]:
    """Numbers, years, months and dates that agree or conflict."""
    ours = [*ref.numbers, *ref.years]
    theirs = [n for n in (*said.numbers, *said.years) if n not in used.asked]
    month = share(ref.months, said.months)
    return {
        "year": share(ref.years, said.years),
        "year_other": float(sum(y not in ref.years and y not in used.asked for y in said.years)),
        "month": month - sum(m not in ref.months and m not in used.asked for m in said.months),
        "number": share(ref.numbers, said.numbers),
        "number_other": float(sum(n not in ref.numbers and n not in used.asked for n in said.numbers)),
        "number_gap": gap(ours, theirs),
        "numbers": float(len(ref.numbers)),
        "years": float(len(ref.years)),
        "date": agreement(dates(ref.words), dates(said.words)),
        "vague": vague(ref.words, said.words),
        "rounded": rounded(ref.numbers, said.numbers),
    }


def _candidates(best: Match, said: Reading, used: Words) -> dict[str, float]:
    """The names that the response offers, and whether the reference is among them."""
    own = set(best.keys)
    offered = names(said.text, known=used.asked)
    family = best.keys[-1] if best.keys else ""
    return {
        "names": float(len(offered)),
        "name_rank": float(next((i for i, name in enumerate(offered) if own.intersection(name)), -1)),
        "name_first": max((len(own.intersection(name)) / len(name) for name in offered[:1]), default=-1.0),
        "family": max((float(n[-1] == family) or alike(family, n[-1]) for n in offered[:3]), default=-1.0),
    }


def _references(found: Sequence[Match]) -> dict[str, float]:
    """What all references say together. They are sorted, the best first."""
    covers = sorted((m.cover_new for m in found), reverse=True)
    return {
        "references": float(len(found)),
        "references_whole": sum(m.whole for m in found) / len(found),
        "references_cover": sum(covers) / len(covers),
        "second_cover": covers[1] if len(covers) > 1 else -1.0,
        "third_cover": covers[2] if len(covers) > 2 else -1.0,
        "best_near": max(m.cover_new_near for m in found[:4]),
        "keys_all": float(len({w for m in found[:_MANY] for w in m.keys})),
        "keys_hit": float(len({w for m in found[:_MANY] for w, at in zip(m.keys, m.hits, strict=True) if at >= 0})),
    }


def _style(question: str, ref: Reading, said: Reading, used: Words) -> dict[str, float]:
    """Length, hedging and refusal of the response; type and length of the question."""
    length = len(said.words)
    return {
        "words": float(length),
        "sentences": float(len(said.starts)),
        "tail": float(length - said.starts[-1]) if said.starts else 0.0,
        "negations": float(sum(w in NOT for w in said.words)),
        "contrasts": float(sum(w in BUT for w in said.words)),
        "hedges": float(sum(w in HEDGE for w in said.words)),
        "joined": sum(w in JOIN for w in said.words) / max(1, length),
        "refusal": float(bool(REFUSAL.search(said.text))),
        "refusal_first": float(bool(REFUSAL.search(said.text[:120]))),
        "commas": float(said.text.count(",")),
        "escapes": float(said.text.count(r"\\u")),
        "brackets": float(said.text.count("(")),
        "asks_for": float(asks_for(question)),
        "asks_now": float(len(NOW.findall(question))),
        "asks_many": float(bool(MANY.search(question))),
        "asks_year": float(bool(YEAR.search(question))),
        "asked": float(len(used.asked)),
        "capital": float(any(c.isupper() for c in ref.text)),
    }
