"""Full text in Chinese and English, without a dictionary: the words of a text, as a row keeps and a reader types them.

Chinese is written without blanks. Two characters that stand side by side are taken as a word, as search engines do for
want of a dictionary (CJK bigrams), and each by itself too, so that a single character is found.
"""

import re
import unicodedata

MOST = 2_000  # Words of one row; the rest of a longer text is not found.
CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
WORD = re.compile(r"[^\W_]+")


def words(*texts: str | None) -> tuple[str, ...]:
    """Each word once, in the order of the alphabet."""
    found: set[str] = set()
    for text in texts:
        for word in WORD.findall(unicodedata.normalize("NFKC", text or "").casefold()):
            found.update(parts(word))
    return tuple(sorted(found)[:MOST])


def sought(text: str) -> tuple[str, ...]:
    """What a row must have of a text that is looked for: of Chinese the pairs alone, where there are any."""
    found: set[str] = set()
    for word in WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        of_word = parts(word)
        pairs = {each for each in of_word if not CHINESE.fullmatch(each) or len(each) > 1}
        found.update(pairs or of_word)
    return tuple(sorted(found))


def parts(word: str) -> set[str]:
    """A run of Latin letters and digits is one word; of Chinese characters, each and every pair is."""
    found = {each for each in CHINESE.sub(" ", word).split() if each}
    for run in CHINESE.findall(word):
        found.update(run)
        found.update(run[at : at + 2] for at in range(len(run) - 1))
    return found
