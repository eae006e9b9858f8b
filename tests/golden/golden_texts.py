"""Texts that tokenizers get wrong: the inputs of the golden vectors, the same on every run."""

import random
import unicodedata

ENGLISH = """the a river letter under old garden seven bridge quietly morning paper window carried
between stone without summer keep answer nobody wrote market yellow engine slowly against harbour
doesn't I'll we've they're she'd it's can't WON'T I'M o'clock rock'n'roll""".split()
FRENCH = """l'été où ça déjà garçon œuvre aujourd'hui naïf Noël forêt maïs hôtel cœur français
« » c'est-à-dire qu'il n'a élève âge île ambiguë Ça D'accord presqu'île""".split()
GERMAN = "Straße größer Übung fährt Mädchen schließlich ß ẞ Äpfel Donaudampfschiff".split()
RUSSIAN = "река письмо мост утром бумага окно ещё подъезд Щука ЁЖ".split()
GREEK = "ποταμός γράμμα πρωί χαρτί παράθυρο ΣΟΦΟΣ σοφος ὀδυσσεύς".split()
VIETNAMESE = "Tiếng Việt đường phố nước người yêu ngoài trời ở đây".split()
TURKISH = "İstanbul ISPARTA ılık IĞDIR kırmızı".split()
CJK = "你好世界春江花月夜漢字仮名交じり文日本語東京都한국어문장서울特別市龍𠮷野家々〆ヵ"
CJK_PUNCTUATION = "，。、；：？！「」『』（）《》〈〉・～　"
SCRIPTS = {
    "arabic": (0x0621, 0x0652), "hebrew": (0x0591, 0x05EA), "devanagari": (0x0900, 0x094F),
    "bengali": (0x0985, 0x09CD), "tamil": (0x0B85, 0x0BCD), "thai": (0x0E01, 0x0E4E),
    "tibetan": (0x0F40, 0x0F84), "georgian": (0x10A0, 0x10FF), "ethiopic": (0x1200, 0x1248),
    "khmer": (0x1780, 0x17D3), "mongolian": (0x1820, 0x1842), "hiragana": (0x3041, 0x3096),
    "katakana": (0x30A1, 0x30FA), "hangul": (0xAC00, 0xD7A3), "han": (0x4E00, 0x9FFF),
    "jamo": (0x1100, 0x11FF), "cherokee": (0x13A0, 0x13F5), "armenian": (0x0531, 0x0587),
}
EMOJI = ["👩‍👩‍👧‍👦", "👍🏽", "🇫🇷", "🇯🇵🇺🇳", "1️⃣", "❤️‍🔥", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🧑🏿‍🚀", "😀", "☺︎", "☺️", "🫠", "🪿", "🫨", "🩷"]
MARKS = [0x300, 0x301, 0x302, 0x303, 0x304, 0x307, 0x308, 0x30A, 0x30C, 0x315, 0x31B, 0x322, 0x323,
         0x327, 0x328, 0x334, 0x338, 0x344, 0x345, 0x34F, 0x5B0, 0x5BC, 0x64B, 0x651, 0x93C, 0x94D,
         0x1DFA, 0x20D0, 0x302A, 0x3099, 0x309A, 0x16FF0, 0x1D165, 0x7FD, 0x1ABF, 0xFE20]
NORMALISED = ["e\u0301", "é", "\u212B", "\u00C5", "\u1E9B\u0323", "\u0958", "\u0915\u093C", "ﬁn",
              "\u1100\u1161\u11A8", "\uAC00\u11A8", "\u1100\u1161\u11A7", "\u0344", "½", "ﷺ",
              "\u3300", "①", "Ａｂ１", "\u2126", "\u0387", "\u1FEE", "\u00A8", "ſ", "\u1D15E",
              "\U0001D15E", "\U0002F800", "\u0F73", "\u0F75\u0F71", "a\u0315\u0300\u05AE\u0062",
              "\u0061\u05AE\u0300\u0315", "\u09C7\u09BE", "\u0DD9\u0DCF\u0DCA", "\u1B05\u1B35",
              "\U00011131\U00011127", "\U00011935\U00011930", "\u0CC6\u0CC2\u0CD5", "\u32FF"]
INVISIBLE = ["\u0000", "\u0001", "\u0007", "\b", "\t", "\n", "\v", "\f", "\r", "\u001B", "\u001C",
             "\u001F", "\u007F", "\u0080", "\u0085", "\u00A0", "\u00AD", "\u034F", "\u061C",
             "\u1680", "\u180E", "\u2000", "\u2009", "\u200A", "\u200B", "\u200C", "\u200D",
             "\u200E", "\u200F", "\u2028", "\u2029", "\u202A", "\u202E", "\u202F", "\u205F",
             "\u2060", "\u2066", "\u3000", "\uFEFF", "\uFFFC", "\uFFFD", "\uFFFE", "\uFFFF",
             "\U000E0001", "\U0010FFFF"]
DIGITS = ["0", "7", "12", "345", "6789", "1234567890" * 4, "3.14159", "1,000,000", "1e-9", "0x7FFF",
          "٣٤٥", "४५६", "１２３", "Ⅻ", "½", "²", "①", "𝟘𝟙", "一二三", "𞥐", "12:34:56", "2024-02-29",
          "+33 1 99 00 12 34", "v1.2.3-rc4", "192.0.2.1"]
PUNCTUATION = ["!", "?!", "...", "…", "--", "—", "''", "\"", "``", "<>", "</", "[[", "]]", "{}", "@",
               "#", "$", "%", "^", "&", "*", "(", ")", "_", "__", "=", "==", "+=", "|", "\\", "/",
               "//", "~", "«", "»", "‘", "’", "“", "”", "¿", "¡", "·", "•", "€", "£", "¶", "§", "™"]
# Assigned by Unicode 14 to 17: where the tables of two libraries part.
NEWER = [0x897, 0xCF3, 0xECE, 0x1B4E, 0x1C89, 0x1C8A, 0x2427, 0x2FFC, 0x31E4, 0xA7CB, 0xA7CD, 0xA7DA,
         0xA7DC, 0x105C0, 0x10D40, 0x10D4E, 0x10D50, 0x10D69, 0x10D6E, 0x10D70, 0x10D8E, 0x10EFC,
         0x11241, 0x11380, 0x113B8, 0x113D4, 0x116D0, 0x1171E, 0x11BC0, 0x11BF0, 0x11DE0, 0x11F00,
         0x11F03, 0x11F04, 0x11F50, 0x13430, 0x13439, 0x13460, 0x16100, 0x16130, 0x16D40, 0x16D6D,
         0x16EA0, 0x16FF4, 0x18CFF, 0x1B132, 0x1CC00, 0x1CCF0, 0x1CD00, 0x1D2C0, 0x1DF25, 0x1E030,
         0x1E08F, 0x1E4D0, 0x1E4F0, 0x1E5EE, 0x1E5FF, 0x1F6DC, 0x1FA75, 0x1FAE8, 0x1FBCB, 0x2B739,
         0x2EBF0, 0x31350, 0x323AF, 0x323B0, 0x1C8B, 0x2C2F, 0x1AC0, 0x870, 0x1F774, 0x9FFD]


class Source:
    """Draws texts. Every method returns one text."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def several(self, items, low, high):
        return [self.random.choice(items) for _ in range(self.random.randint(low, high))]

    def prose(self, words, low=1, high=30):
        out = []
        for word in self.several(words, low, high):
            out.append(self.random.choice([word, word, word, word.capitalize(), word.upper()]))
            out.append(self.random.choice([" ", " ", " ", " ", ", ", ". ", "; ", "-", "\n", "  "]))
        return "".join(out)

    def code(self):
        name, other = self.random.sample(["count", "i", "total_bytes", "maxValue", "_tmp", "Foo"], 2)
        indent = self.random.choice(["  ", "    ", "\t", "        "])
        number = self.random.randint(0, 99999)
        return self.random.choice([
            f"def {name}({other}=None):\n{indent}if {other} is not None:\n"
            f"{indent}{indent}return {other} + {number}\n\n{indent}raise ValueError('no {other}')\n",
            f"for (int {name} = 0; {name} < {number}; ++{name}) {{\n{indent}{other}[{name}] *= 2;\n"
            f"{indent}// {name} -> {other}\n}}\n",
            f'{{"{name}": [{number}, -1.5e3, null, true],\r\n{indent}"{other}": {{"x": ""}}}}\r\n',
            f"<div class=\"{name}\">\n{indent}<a href='https://example.org/{number}?{other}=1&amp;b'>"
            f"{name}</a>\n</div>\n",
            f"SELECT {name}, COUNT(*) FROM {other} WHERE {name} >= {number} -- why\nGROUP BY 1;",
            f"template <typename {name}>\n{indent}auto {other}(const {name}& x) -> decltype(x);\n#if "
            f"{number}\n#endif",
            f"$ grep -rn \"{name}\" ./{other}/*.txt | awk '{{print $1}}' >> /tmp/{number}.log",
            f"| {name} | {other} |\n|---|:-:|\n| `{number}` | **{name}** |\n\n---\n\n# {other}\n",
        ])

    def script(self, name):
        low, high = SCRIPTS[name]
        words = ["".join(chr(self.random.randint(low, high)) for _ in range(self.random.randint(1, 9)))
                 for _ in range(self.random.randint(1, 12))]
        return self.random.choice([" ", "", "، ", ". "]).join(words)

    def cjk(self):
        return "".join(self.several(CJK + CJK_PUNCTUATION + " aZ1\n", 1, 80))

    def marked(self):
        bases = "aeiouAEIOUcnszǎǖ가ᄀदकबא" + "ب"
        out = []
        for _ in range(self.random.randint(1, 15)):
            out.append(self.random.choice(bases))
            out += [chr(mark) for mark in self.several(MARKS, 0, 5)]
        return "".join(out)

    def mixture(self, *pools):
        return "".join(self.random.choice(self.random.choice(pools))
                       for _ in range(self.random.randint(1, 25)))

    def runs(self):
        out = []
        for _ in range(self.random.randint(1, 8)):
            out.append(self.random.choice([" ", "\n", "\t", "\r\n", " \n", "\u00A0", "\u3000", "▁", "a"])
                       * self.random.choice([1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 64, 150]))
            out.append(self.random.choice(["", "x", "word", ".", "9"]))
        return "".join(out)

    def code_points(self, pool=None, high=40):
        out = []
        while len(out) < self.random.randint(1, high):
            point = self.random.choice(pool) if pool else self.random.choice([
                self.random.randrange(0x80), self.random.randrange(0x800),
                self.random.randrange(0x10000), self.random.randrange(0x110000),
                self.random.randrange(0x10000, 0x20000)])
            if not 0xD800 <= point <= 0xDFFF:
                out.append(chr(point))
                if self.random.random() < 0.2:
                    out.append(self.random.choice(" a1'.\n"))
        return "".join(out)

    def with_tokens(self, tokens):
        out = []
        for _ in range(self.random.randint(1, 8)):
            token = self.random.choice(tokens)
            if self.random.random() < 0.15:
                token = token[:self.random.randint(0, len(token))]
            elif self.random.random() < 0.15:
                token = self.random.choice([token.upper(), token.lower(), token.title()])
            out.append(token)
            out.append(self.random.choice(["", "", " ", "  ", "\n", " word", "word ", "é", "1", "_", ".",
                                           " \t ", "\u3000", "▁", " x "]))
        return "".join(out)


def long_texts(source, size):
    """Long texts; most have no place where a word could end."""
    prose = []
    while sum(map(len, prose)) < size:
        prose.append(source.prose(ENGLISH + FRENCH + RUSSIAN, 20, 60))
    letters = "etaoinshrdlu"
    return [
        "".join(prose)[:size],
        "".join(source.random.choice(letters) for _ in range(size)),
        "a" * size,
        " " * size + "x",
        "\n" * size,
        "".join(source.random.choice(CJK) for _ in range(size // 3)),
        "".join(source.random.choice("0123456789") for _ in range(size)),
        "".join(source.random.choice("!?#$%&*-=+/<>") for _ in range(size)),
        "".join(source.random.choice(EMOJI) for _ in range(size // 16)),
        "e\u0301\u0323" * (size // 5),
    ]


def texts(special_tokens, scale=1.0, long_size=100_000, seed=7):
    """Returns the texts for a tokenizer with these special tokens; about 2,400 at scale 1."""
    source = Source(seed)
    result = ["", " ", "  ", "\n", "a", "▁", "▁▁", " ▁ ", "\u0000", "\uFEFF", "\uFEFFa", "é", "Ġ", "ĠĠa",
              "<0x0A>", "\u180E", "a\u180Eb c", "\u0085x", "</w>", "##a"]
    result += NORMALISED + INVISIBLE + EMOJI + DIGITS + [chr(point) for point in NEWER]

    def add(count, draw, *arguments):
        result.extend(draw(*arguments) for _ in range(max(1, int(count * scale))))

    for words in (ENGLISH, FRENCH, GERMAN, RUSSIAN, GREEK, VIETNAMESE, TURKISH):
        add(60, source.prose, words)
    add(60, lambda: unicodedata.normalize("NFD", source.prose(FRENCH + VIETNAMESE + GREEK)))
    add(200, source.code)
    add(150, source.cjk)
    for name in SCRIPTS:
        add(20, source.script, name)
    add(80, source.mixture, EMOJI, ENGLISH, [" ", ""])
    add(150, source.marked)
    add(80, source.mixture, NORMALISED, [" ", "", "x"])
    add(120, source.mixture, INVISIBLE, ENGLISH, [" "])
    add(120, source.runs)
    add(100, source.mixture, DIGITS, [" ", "", ","], ["a", "\n"])
    add(80, source.mixture, PUNCTUATION, ENGLISH, [" ", "", "\n"])
    add(100, source.code_points)
    add(60, source.code_points, NEWER)
    add(60, source.code_points, MARKS)
    add(40, source.code_points, range(0x80))
    if special_tokens:
        add(150, source.with_tokens, special_tokens)
    return result + long_texts(source, long_size)
