"""What written languages look like: enough to tell a right decoding from a wrong one.

A single-byte encoding makes a text of any bytes, so strict decoding proves nothing. A decoding is
believed when its letters are those of a language and its words are that language's words.
(charset-normalizer 3.5, measured: it takes Portuguese in Latin-1 and Czech in Latin-2 for cp1250.)
Sources: the Unicode CLDR's exemplar letters; the commonest function words of each language; for
Chinese the commonest characters of Jun Da's frequency list and of Taiwan's.
"""

import re
from collections import Counter
from dataclasses import dataclass

WORD = re.compile(r"[^\W\d_]+")
BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
# A capital behind a small letter; letters and fractions that share a byte in Latin-1 and Latin-9.
SMALL = "a-zà-öø-ÿāăąćčďđēęěğīıķļłńņňőřśşšťūůűźżžα-ώа-џґ"
CAPITAL = "À-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĪİĶĻŁŃŅŇŐŘŚŞŠŤŪŮŰŹŻŽŒŸΑ-ΫΆΈ-ΏЀ-ЯҐ"
MISREAD = re.compile(
    rf"[{SMALL}][{CAPITAL}]|[½¼¾][^\W\d_]|\d[œŒŸ]|[^\W\d_]\d[^\W\d_]"
    rf"|[^\W\d_][«»¿¡ªº£¥§°©®™³²×„‚“]{{1,2}}[^\W\d_]"
)
# What any language may carry besides its letters.
MARKS = frozenset(
    "’‘“”„‚«»‹›–—…•·€£¥$§°©®™´¡¿ªº½¼¾²³×\xa0\xad№。，、；：？！（）《》「」『』【】〈〉～・ー々\u3000"
)
# Foreign names: this share of a text's letters beyond ASCII may be of another language.
FOREIGN = 0.02
# Russian in KOI8 read as Windows' is Russian letters too, but capitals where small ones were.
MOST_CAPITALS = 0.4
# The least share of running words that are a language's commonest, and of marks to judge by.
LEAST_WORDS, LEAST_DISTINCT, LEAST_MARKS = 0.12, 5, 3


@dataclass(frozen=True)
class Language:
    """A language with spaces between words: the encodings it is found in, letters, words."""

    encodings: tuple[str, ...]
    letters: frozenset[str]
    words: frozenset[str]


# The more rivals an encoding has, the surer it is when none of them reads as well.
WESTERN = "cp1252 iso8859_15 mac_roman cp850"
CENTRAL = "cp1250 iso8859_2 mac_latin2 cp852"
CYRILLIC = "cp1251 koi8_r koi8_u iso8859_5 cp866 mac_cyrillic cp855"
RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
GREEK = "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"
HEBREW = "אבגדהוזחטיכךלמםנןסעפףצץקרשת"
ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءأإآؤئ،؟؛ـًٌٍَُِّْ"
TABLE = [
    (WESTERN, "éèêëàâäçñöüïîôœæ", "the of and to in a is that it was for on with as he his be at"),
    (
        WESTERN,
        "àâæçéèêëîïôœùûüÿ",
        "le la les de des du et un une que qui dans pour pas sur il elle est au en ne se plus où",
    ),
    (
        WESTERN,
        "äöüßéà",
        "der die das und den dem des ein eine nicht ist zu mit von sich auf für er sie es im war",
    ),
    (
        WESTERN,
        "áéíñóúüç",
        "el la los las de del que y en un una no se por con para su al lo como más está",
    ),
    (
        WESTERN,
        "ãõáàâéêíóôúüç",
        "o a os as de do da dos das que e em um uma não se por com para no na ao mais como",
    ),
    (WESTERN, "àèéìíîòóùú", "il la le di che e un una non per in con del della si è sono da i gli"),
    (WESTERN, "ëïéèöüáó", "de het een en van in is dat op te niet zijn met voor er aan hij ook"),
    (WESTERN, "åäöé", "och att det i en som på är av för med den till inte om ett han var jag"),
    (WESTERN, "æøåé", "og i det en at er som på til af med den ikke for de et har han var av jeg"),
    (WESTERN, "äöåšž", "ja on ei se että hän oli mutta kun niin ovat tai joka mitä myös hänen"),
    (WESTERN, "àçèéíïòóúü·", "el la els les de del que i en un una no per amb és al més dels"),
    (
        CENTRAL,
        "ąćęłńóśźż",
        "i w na z się nie do to że jest o jak po co za od przez ale był dla czy tym przy jego",
    ),
    (
        CENTRAL,
        "áčďéěíňóřšťúůýž",
        "a je v se na že to s z o do si jsem jako ale by po za ve jeho byl který není k pro",
    ),
    (
        CENTRAL,
        "áäčďéíĺľňóôŕšťúýž",
        "a je v sa na že to s z o do si som ako ale by po za vo jeho bol ktorý nie k pre",
    ),
    (CENTRAL, "áéíóöőúüű", "a az és hogy nem is egy volt meg csak ez de mint már ha el ki azt még"),
    (CENTRAL, "čšž", "je in v na se za da so z ki pa ne s to ni po je bil kot iz ali tudi"),
    (CENTRAL, "čćđšž", "i je u se na da za su od ne s to iz nije kao bio ali ili koji što"),
    (
        CENTRAL,
        "ăâîşţ",
        "de şi în a la cu o nu că pe un se din care este o mai pentru era sau fi ale",
    ),
    (
        "cp1254 mac_turkish cp857",
        "çğıöşüâîûiİ",
        "ve bir bu da de için ile o ne çok daha gibi var ama kadar olan değil her mi en",
    ),
    (
        "cp1257 cp775",
        "āčēģīķļņšūžõäöüąęėįų",
        "un ir ka no uz par ar es bet kā ja see ei oli ta et kui mis aga nii tai yra kad su",
    ),
    (
        CYRILLIC,
        RUSSIAN,
        "и в не на что я он с как это по но из у за то же к от его она так бы было а о для",
    ),
    (
        CYRILLIC,
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
        "і в не на що я він з як це до та у за але від його вона так було про є й а для",
    ),
    (
        CYRILLIC,
        RUSSIAN,
        "и в не на че да се е за с от са по как ще като това той но си или беше му го",
    ),
    (
        CYRILLIC,
        "абвгдђежзијклљмнњопрстћуфхцчџш",
        "и је у се на да за су од не с то из није као био али или који што",
    ),
    (
        "cp1253 iso8859_7 mac_greek cp737",
        GREEK,
        "και το να του της η ο τα με για που από στο την δεν είναι στην θα των οι τον ένα",
    ),
    ("cp1255 iso8859_8", HEBREW, "של את על לא הוא זה עם כי גם היא אני כל אל או יש היה אם אשר מה"),
    ("cp1256 iso8859_6", ARABIC, "في من على أن إلى لا ما هذا هو عن كان مع التي و الذي هذه لم قد"),
]
LANGUAGES = [
    Language(
        tuple(encodings.split()),
        frozenset(letters + letters.upper()),
        frozenset(words.split()),
    )
    for encodings, letters, words in TABLE
]
ALPHABETIC = list(dict.fromkeys(name for language in LANGUAGES for name in language.encodings))
# Those of old machines: so rare that they only cast doubt and are never the answer.
RIVALS = frozenset(
    name for name in ALPHABETIC if name.startswith(("mac_", "cp7", "cp8")) and name != "cp866"
)

COMMON = {
    "gb18030": frozenset(
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下"
        "自之年过发后作里用道行所然家事成方多经么去法学如都同现当没动面起看定天分还进好小部"
    ),
    "cp950": frozenset(
        "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下"
        "自之年過發後作裡用道行所然家事成方多經麼去法學如都同現當沒動面起看定天分還進好小部"
    ),
    "cp949": frozenset("이다는을의에가고하지한로를은서기도인사리어자그아대나시"),
}
LEAST_COMMON, LEAST_KANA = 0.12, 0.25
# Korean prose has few Chinese characters; Chinese read as Korean has many.
RARE_HANJA = 0.1


def share_of_words(text: str, language: Language) -> float:
    """Return how much of the running text is the language's commonest words."""
    words = [word.lower() for word in WORD.findall(text)]
    hits = [word for word in words if word in language.words]
    return len(hits) / len(words) if len(set(hits)) >= LEAST_DISTINCT else 0.0


def misread(text: str) -> bool:
    """Tell whether capitals stand inside words, or fractions do: so no language is written."""
    return len(MISREAD.findall(text)) > FOREIGN * sum(map(len, BEYOND_ASCII.findall(text)))


def letters_fit(characters: Counter[str], language: Language) -> bool:
    """Tell whether the characters beyond ASCII are a language's, but for a foreign name."""
    total = characters.total()
    own = sum(n for c, n in characters.items() if c in language.letters or c in MARKS)
    capitals = sum(n for c, n in characters.items() if c.isupper())
    return (
        total >= LEAST_MARKS
        and total - own <= FOREIGN * total
        and capitals <= MOST_CAPITALS * total
    )


def reads_as_script(characters: Counter[str], encoding: str) -> bool:
    """Tell whether the characters beyond ASCII are East Asian prose as ``encoding`` carries it."""
    total = max(1, characters.total())
    kana = _share(characters, total, "\u3041", "\u30fa")
    hangul = _share(characters, total, "\uac00", "\ud7a3")
    hanzi = _share(characters, total, "\u4e00", "\u9fff")
    marks = sum(n for c, n in characters.items() if c in MARKS or "\uff01" <= c <= "\uff5e") / total
    if total < 10 * LEAST_MARKS or kana + hangul + hanzi + marks < 1 - FOREIGN:
        return False
    if encoding not in COMMON:
        return kana >= LEAST_KANA and hangul == 0
    common = {c: characters[c] for c in COMMON[encoding] if characters[c]}
    other = kana + (hanzi if encoding == "cp949" else hangul)
    return (
        other <= (RARE_HANJA if encoding == "cp949" else FOREIGN)
        and sum(common.values()) >= LEAST_COMMON * total
        and len(common) >= LEAST_DISTINCT
    )


def beyond_ascii(text: str) -> Counter[str]:
    """Count the characters that are not ASCII."""
    return Counter("".join(BEYOND_ASCII.findall(text)))


def _share(characters: Counter[str], total: int, first: str, last: str) -> float:
    return sum(n for c, n in characters.items() if first <= c <= last) / total
