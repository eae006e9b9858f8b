"""Writes English prose about people, places and things that do not exist, from a seed.

Letters, log books, minutes, records and repair reports. Names are put together from syllables,
addresses of mail end in reserved domains, telephone numbers are of a range kept for fiction, so
that nothing here is anybody's. The same seed gives the same text.
"""

import random
import textwrap

ONSETS = "b br c cl d dr f fl g gr h j k l m n p pl r s st t tr v w z".split()
VOWELS = "a e i o u ae ia ou ei".split()
CODAS = ["", "", "n", "l", "r", "m", "s", "th", "nd", "rk"]
ENDINGS = ["ham", "wick", "ford", "mere", "stow", "by", "holt", "fell"]
MONTHS = ("January February March April May June July August September October November "
          "December").split()
THINGS = ("lantern ladder barrel compass kettle ledger anvil saddle trumpet parcel mirror bellows "
          "cartwheel telescope rowing-boat loom bell-rope harmonium weather-vane milk-churn "
          "pump-handle grindstone birdcage turnstile sundial mangle sledge bookcase").split()
STUFFS = ("oak slate brass linen tin willow copper granite wool pewter horn clay canvas cork "
          "flint cedar lead leather glass ivory-coloured enamel").split()
COLOURS = ("grey ochre crimson pale-green russet navy cream violet mustard rust-red olive "
           "turquoise charcoal buff scarlet").split()
QUALITIES = ("cracked borrowed polished crooked forgotten heavy mended nameless damp two-handed "
             "lopsided secondhand gilded squeaking patched stolen ornate blunt unfinished").split()
TRADES = ("cooper ferryman archivist beekeeper surveyor glazier organist midwife wheelwright "
          "bookbinder lock-keeper dyer schoolmaster baker chandler notary gardener saddler "
          "piano-tuner land-agent").split()
PLACES = ("mill quarry ferry-landing orchard chapel customs-house tannery lighthouse viaduct "
          "market-hall fish-weir reading-room brickworks observatory tram-depot toll-bridge "
          "almshouse boathouse").split()
WEATHERS = ("fog", "sleet", "a dry wind from the east", "thunder without rain", "a hard frost",
            "warm drizzle", "hail the size of peas", "a sky like dishwater", "early snow",
            "a heat that softened the candles", "mist up to the windowsills")
# Phrases have slots of their own: else a reason and a deed alone would fill half a window.
REASONS = ("the {thing} had been made for another {place}",
           "nobody had paid the {trade} since {month}",
           "the river stood {small} inches above the {place}",
           "{person} had sold the other {thing}", "the clerk read {number} where it said {small}",
           "the {trade} feared the {colour} {thing}",
           "the witnesses from {town} all spoke of a {stuff} {thing}",
           "the ink froze at the {place} in {month}", "{person} had mislaid drawing {number}",
           "someone had painted {number} over the {colour} door",
           "swallows were nesting in the {quality} {thing}",
           "the {stuff} scales read {small} short", "the {trade} had left his spectacles at {town}",
           "no train stops at {town} after {month}", "a cat had slept on estimate {number}",
           "{town} had been billed for {small} {things}")
DEEDS = ("carried the {stuff} {thing} back across the yard",
         "wrote {small} lines and tore out the page",
         "asked {person} for a receipt, which amused the {trade}",
         "measured the doorway of the {place} again",
         "counted {small} coins into a {colour} stocking", "left by the window of the {place}",
         "promised {person} a longer rope by {month}",
         "nailed notice {number} to the {stuff} gatepost", "sang until the {quality} lamp went out",
         "drew a map of {town} on the {colour} tablecloth",
         "refused the soup, not the {quality} chair", "walked to {town} along the disused line",
         "hid bill {number} inside the {thing}", "took the blame, and then the ferry to {town}",
         "sharpened {small} pencils for {person}", "sent the apprentice to {town} for vinegar")
VERDICTS = ("not worth the postage to {town}", "better than the {stuff} one",
            "a matter for {month}", "the talk of {town}", "as heavy as {small} {things}",
            "beyond the means of a {trade}", "safe unless a {trade} leans on it",
            "a disappointment to {person}", "worth a second {trade}", "older than the {place}")
SENTENCES = (
    "The {quality} {thing} that {person} left at the {place} turned out to be {verdict}.",
    "Because {reason}, {person} {deed}.",
    "There was {weather} over {town} on the {day} of {month}, and the {trade} {deed}.",
    "I counted {number} {stuff} {things} behind the {place}, all of them {colour}.",
    "{person}, {trade} at {town}, says the {thing} is {verdict}; {reason}.",
    "We paid {number} for the {colour} {thing} and {small} for having the {quality} one mended.",
    "Nobody at the {place} remembers {person}, although the {stuff} {thing} still bears the name.",
    "On {month} {day} the {trade} {deed}, since {reason}.",
    "If {person} writes again, say that the {thing} went to {town} with the {trade}.",
    "It took {small} of us to lift the {stuff} {thing}, and {person} only watched.",
    "My aunt called the {quality} {thing} {verdict}; she was seldom wrong about {stuff}.",
    "By noon there was {weather}, so the {place} closed and {person} {deed}.",
    "The second {thing}, the {colour} one, had been exchanged at {town} for {small} {things}.",
    "Which {trade} would trust a {quality} {thing} when {reason}?",
    "{person} had the {place} painted {colour} in {month}, at a cost of {number}.",
    "Under the {thing} lay a note in a hand like that of {person}: \"{small}, not {number}\".",
    "They call the new {place} {verdict}, chiefly since {reason}.",
    "Halfway to {town} the {trade} stopped, {deed}, and asked for the {stuff} {thing}.",
)
OPENINGS = (
    "{town}, {day} {month}\n\nDear {person},",
    "Log of the {place} at {town}, kept by {person}, {trade}.",
    "Minutes of the meeting held at the {place}, {town}, on {day} {month}. In the chair: {person}.",
    "Repair report {number}/{small}, {stuff} {thing}, brought in by {person} of {town}.",
    "Record {number}. Name: {person}. Occupation: {trade}. Residence: {small} {town} Road. "
    "Telephone: {phone}. Mail: {mail}.",
    "What {person} told the {trade} about the {quality} {thing}",
)


class Writer:
    """Invents one text after another; each draws from its own stream."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def word(self, syllables):
        pick = self.random.choice
        return "".join(pick(ONSETS) + pick(VOWELS) + pick(CODAS) for _ in range(syllables))

    def person(self):
        return f"{self.word(2).capitalize()} {self.word(self.random.choice((1, 2))).capitalize()}by"

    def names(self):
        pick, between = self.random.choice, self.random.randint
        person = self.person()
        return {
            "person": person, "town": self.word(1).capitalize() + pick(ENDINGS),
            "thing": pick(THINGS), "things": pick(THINGS) + "s", "stuff": pick(STUFFS),
            "colour": pick(COLOURS), "quality": pick(QUALITIES), "trade": pick(TRADES),
            "place": pick(PLACES), "weather": pick(WEATHERS), "month": pick(MONTHS),
            "day": between(1, 28), "number": between(101, 9899), "small": between(3, 97),
            # 01632 960000 to 960999: numbers kept for drama, never given out.
            "phone": f"01632 960{between(0, 999):03d}",
            "mail": person.lower().replace(" ", ".") + pick(("@example.org", "@post.invalid")),
        }

    def fill(self, templates):
        phrases = {name: self.random.choice(choices).format(**self.names())
                   for name, choices in
                   (("reason", REASONS), ("deed", DEEDS), ("verdict", VERDICTS))}
        return self.random.choice(templates).format(**self.names(), **phrases)

    def text(self, length):
        """One document of `length` characters, in lines of at most 76."""
        parts = [self.fill(OPENINGS)]
        size = len(parts[0])
        while size < length + 80:
            paragraph = [self.fill(SENTENCES) for _ in range(self.random.randint(3, 7))]
            parts.append(" ".join(sentence[0].upper() + sentence[1:] for sentence in paragraph))
            size += len(parts[-1]) + 2
        lines = [textwrap.fill(line, 76) for part in parts for line in part.split("\n")]
        return "\n\n".join(line for line in lines if line)[:length - 1].rstrip() + "\n"
