"""What people and companies are called, as it is compared.

Chinese names are the same or they are not: with one other character it is another person. So it is with short words in
Latin letters (Wei, Lei). One slip is forgiven in long words alone. Names of two characters have many bearers: one in
seven is called so (公安部, 2007), and nearly 300,000 are called 张伟 (全国姓名报告, 2019).
"""

import re
import unicodedata
from functools import lru_cache

from rapidfuzz.distance import OSA

from domain.values import value

LEGAL_FORM = re.compile(r"(?:股份有限公司|有限责任公司|有限公司|集团公司|集团|公司)+$")
LEGAL_FORMS = {"co", "company", "corp", "corporation", "gmbh", "inc", "limited", "llc", "ltd", "plc", "pte"}
TITLE = re.compile(r"(?:先生|女士|小姐|太太|老师|经理)$")
TITLES = {"dr", "miss", "mr", "mrs", "ms", "prof"}
NOBODY = {
    *("anonymous", "customer", "na", "none", "test", "unknown", "user"),
    *("不详", "匿名", "客户", "微信用户", "无", "无名", "未知", "测试", "用户", "访客", "先生", "女士", "小姐"),
}  # What is typed in where a name is asked for and not known.
HAN = re.compile(r"[㐀-鿿]")
PARTED = re.compile(r"[·・•]")  # 阿卜杜拉·买买提: a person's, however long it is.
LONGEST_PERSON = 4  # Characters; what is longer, and not parted, is called like a company.
RARE_LETTERS = 10  # Zhang Wei and Li Xiaoli are many.
LONG_WORD = 6


@value
class Name:
    """`words` are one, where it is Chinese. Others stand in the order of the alphabet: Wei Zhang is Zhang Wei."""

    words: tuple[str, ...]
    company: bool
    chinese: bool

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def rare(self) -> bool:
        """Whether it is of a kind that few have; how many have it indeed is for who can count them."""
        return len(self.text) >= 3 if self.chinese else len(self.words) >= 2 and len(self.text) > RARE_LETTERS


@lru_cache(maxsize=10_000)
def named(text: str | None) -> Name | None:
    """A name in one width and case, without blanks, titles and legal forms; None of what is nobody's name."""
    plain = unicodedata.normalize("NFKC", text or "").casefold()
    letters = "".join(each if each.isalnum() else " " for each in plain.replace(".", ""))
    joined = "".join(letters.split())
    if joined in NOBODY or not any(each.isalpha() for each in joined):
        return None
    return chinese(joined, PARTED.search(plain) is not None) if HAN.search(joined) else latin(letters.split())


def chinese(joined: str, parted: bool) -> Name:  # noqa: FBT001 - the two ways in which it is written.
    """`锐格（上海）科技有限公司`, `张 伟`, `王先生`."""
    core = LEGAL_FORM.sub("", joined) or joined
    formed = core != joined
    if not formed:
        core = TITLE.sub("", joined) or joined
    company = not parted and (len(core) > LONGEST_PERSON or (formed and len(core) == LONGEST_PERSON))
    return Name(words=(core,), company=company, chinese=True)


def latin(words: list[str]) -> Name:
    core = [each for each in words if each not in TITLES] or words
    while len(core) > 1 and core[-1] in LEGAL_FORMS:
        core = core[:-1]
    company = words[-1] in LEGAL_FORMS and len("".join(core)) >= LONG_WORD
    return Name(words=tuple(sorted(core)), company=company, chinese=False)


def names_alike(one: Name | None, other: Name | None) -> float | None:
    """1 is the same, 0 another. None where it cannot be said: one is missing, a surname alone, or in other letters."""
    if one is None or other is None or one.chinese != other.chinese:
        return None
    if min(len(one.text), len(other.text)) == 1:
        return None if one.text[0] == other.text[0] else 0.0
    if one.text == other.text:
        return 1.0
    differ = [(mine, its) for mine, its in zip(one.words, other.words, strict=False) if mine != its]
    return word_alike(*differ[0]) if len(one.words) == len(other.words) and len(differ) == 1 else 0.0


def word_alike(one: str, other: str) -> float:
    """How much of a long word is left after one slip; after more of them it is another."""
    if min(len(one), len(other)) < LONG_WORD or OSA.distance(one, other, score_cutoff=1) > 1:
        return 0.0
    return OSA.normalized_similarity(one, other)
