"""Categories that a sentence must not mention: saying "because you bought" beside them would tell a secret.

The list follows the special categories of article 9 of the GDPR (health, sex life, religion, politics, union, ethnic
origin) and adds what shops sell that people do not want to see named: debt, gambling, weapons, adult goods, tobacco
and alcohol. It errs on the side of silence: a word too many costs a sentence, a word too few costs a person.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from recommendations.dataset.arrays import Bools

ENGLISH: Mapping[str, tuple[str, ...]] = {
    "health": (
        "health", "healthcare", "medical", "medicine", "medicines", "medication", "medications", "pharmacy",
        "pharmaceutical", "prescription", "drug", "drugs", "disease", "illness", "therapy", "diabetes", "diabetic",
        "hiv", "aids", "cancer", "depression", "anxiety", "psychiatry", "incontinence", "fertility", "infertility",
        "pregnancy", "pregnant", "maternity", "ovulation", "menopause", "contraception", "contraceptive",
        "contraceptives", "condom", "condoms", "abortion", "disability", "disabilities", "wheelchair", "hearing",
        "diet", "weight loss", "slimming", "hemorrhoid", "haemorrhoid", "antifungal", "laxative", "painkiller",
        "antidepressant", "supplements", "feminine hygiene", "first aid",
    ),
    "sex": (
        "sex", "sexual", "sexy", "sexuality", "sexual wellness", "erotic", "erotica", "adult", "adults only",
        "lingerie", "fetish", "porn", "gay", "lesbian", "bisexual", "transgender", "lgbt", "lgbtq", "queer", "dating",
    ),
    "religion": (
        "religion", "religious", "church", "christian", "christianity", "catholic", "protestant", "bible", "islam",
        "islamic", "muslim", "quran", "koran", "halal", "jewish", "judaism", "torah", "kosher", "hindu", "hinduism",
        "buddhist", "buddhism", "sikh", "atheism", "spirituality", "occult", "prayer",
    ),
    "politics": (
        "politics", "political", "election", "elections", "socialism", "communism", "conservatism", "liberalism",
        "nationalism", "activism", "protest", "union", "trade union", "labour union", "labor union",
    ),
    "origin": ("ethnic", "ethnicity", "race", "racial", "immigration", "refugee", "asylum", "migrant"),
    "trouble": (
        "debt", "bankruptcy", "payday", "loan", "loans", "divorce", "addiction", "rehab", "alcoholism", "gambling",
        "casino", "betting", "lottery", "weapon", "weapons", "gun", "guns", "ammunition", "firearm", "firearms",
        "tobacco", "cigarette", "cigarettes", "vape", "vaping", "cannabis", "cbd", "alcohol", "spirits", "liquor",
        "funeral", "grief", "suicide", "criminal", "prison",
    ),
}  # fmt: skip
"""Whole words and phrases, in lower case."""

CHINESE: Mapping[str, tuple[str, ...]] = {
    "health": (
        "健康", "保健", "医疗", "医药", "药品", "药物", "处方", "药房", "药店", "疾病", "治疗", "糖尿病",
        "艾滋", "癌", "抑郁", "焦虑", "精神科", "失禁", "不孕", "备孕", "孕妇", "孕期", "怀孕", "妊娠",
        "更年期", "避孕", "安全套", "流产", "残疾", "轮椅", "助听", "减肥", "瘦身", "痔疮", "止痛", "卫生巾",
        "心理咨询",
    ),
    "sex": (
        "性用品", "性健康", "两性", "情趣", "成人用品", "成人", "情色", "色情", "内衣", "同性恋", "同志",
        "跨性别", "交友", "相亲",
    ),
    "religion": (
        "宗教", "教会", "基督", "天主教", "圣经", "伊斯兰", "穆斯林", "清真", "古兰经", "犹太", "印度教",
        "佛教", "佛经", "道教", "祈祷",
    ),
    "politics": (
        "政治", "选举", "党派", "共产主义", "社会主义", "民族主义", "抗议", "维权", "工会",
    ),
    "origin": (
        "民族", "种族", "移民", "难民", "庇护",
    ),
    "trouble": (
        "债务", "破产", "贷款", "借贷", "离婚", "成瘾", "戒毒", "戒酒", "戒烟", "赌博", "博彩", "彩票", "武器",
        "枪支", "弹药", "烟草", "香烟", "电子烟", "大麻", "白酒", "烈酒", "酒类", "殡葬", "丧葬", "自杀",
        "犯罪", "监狱",
    ),
}  # fmt: skip
"""Parts of a text: Chinese has no spaces to stand between."""

_WORDS = frozenset(word for group in ENGLISH.values() for word in group if " " not in word)
_PHRASES = tuple(f" {word} " for group in ENGLISH.values() for word in group if " " in word)
_CHINESE = re.compile("|".join(re.escape(word) for group in CHINESE.values() for word in group))
_LETTERS = re.compile(r"[a-z]+")


def is_sensitive(text: str) -> bool:
    """True when `text` holds a word of the list; an English one may carry a plural's s.

    >>> is_sensitive("Home > Health & Beauty"), is_sensitive("保健品"), is_sensitive("Tea > Green")
    (True, True, False)
    """
    words = _LETTERS.findall(text.lower())
    if any(word in _WORDS or word.removesuffix("s") in _WORDS for word in words):
        return True
    line = f" {' '.join(words)} "
    return any(phrase in line for phrase in _PHRASES) or bool(_CHINESE.search(text))


def sensitive_items(rows: Iterable[Mapping[Any, Any]]) -> Bools:
    """Which items no sentence may name, by name, category and tags of each row, shape (items,)."""
    known: dict[str, bool] = {}
    out = []
    for row in rows:
        texts = [str(row[name]) for name in ("name", "category", "tags")]
        out.append(any(known[text] if text in known else known.setdefault(text, is_sensitive(text)) for text in texts))
    return np.array(out, bool)
