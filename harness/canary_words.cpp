#include "harness/canary_words.h"

#include <array>

namespace souvenir {

namespace {

constexpr std::array<std::string_view, 256> kWords = {
    "about", "above", "actor", "adult", "alarm", "album", "alert", "angle", "apron", "arena",
    "arrow", "aside", "audio", "badge", "baker", "basin", "beach", "beard", "berry", "bison",
    "black", "blade", "blank", "blend", "block", "bloom", "bonus", "boost", "booth", "brand",
    "bread", "brick", "bride", "brief", "brook", "broom", "brown", "brush", "bunch", "cabin",
    "cable", "canal", "candy", "cargo", "carol", "cedar", "chain", "chair", "chalk", "chart",
    "chase", "cheek", "chest", "chief", "child", "chili", "chord", "cider", "civic", "claim",
    "clean", "clerk", "cliff", "climb", "cloud", "clove", "coach", "cocoa", "comet", "coral",
    "couch", "court", "cover", "crane", "crate", "creek", "crest", "crown", "crust", "curve",
    "cycle", "daily", "daisy", "dance", "delta", "depot", "diner", "donor", "dough", "draft",
    "dress", "drift", "drill", "drive", "eagle", "early", "earth", "eight", "elbow", "elder",
    "elect", "empty", "enjoy", "entry", "essay", "event", "every", "extra", "faint", "fancy",
    "feast", "fence", "fever", "fiber", "field", "final", "flask", "fleet", "float", "floor",
    "flour", "flute", "focus", "forty", "frame", "fresh", "frost", "giant", "glass", "globe",
    "grace", "grain", "grape", "grass", "grove", "guard", "guest", "guide", "happy", "hatch",
    "haven", "heart", "heavy", "hedge", "heron", "hobby", "honey", "horse", "hotel", "human",
    "humor", "igloo", "image", "inlet", "inner", "islet", "jelly", "jewel", "joint", "judge",
    "juror", "kayak", "kiosk", "knack", "label", "labor", "lemon", "light", "lilac", "limit",
    "linen", "lobby", "local", "lodge", "lotus", "lunar", "lunch", "magic", "major", "maple",
    "march", "marsh", "match", "maybe", "medal", "melon", "merit", "metal", "meter", "minor",
    "model", "month", "moral", "mound", "mount", "mouse", "mouth", "nerve", "never", "night",
    "ninth", "north", "novel", "nurse", "ocean", "onion", "opera", "orbit", "organ", "otter",
    "outer", "oxide", "panel", "paper", "party", "pasta", "peach", "pearl", "pedal", "phase",
    "piano", "pilot", "pitch", "plain", "plane", "plant", "plate", "plume", "point", "porch",
    "pound", "pride", "prime", "print", "proof", "proud", "quail", "queen", "quick", "quiet",
    "quill", "quilt", "ranch", "rapid", "raven", "ready", "realm", "relay", "rider", "river",
    "roast", "robin", "robot", "round", "route", "royal"};

}  // namespace

std::span<const std::string_view> canary_words() { return kWords; }

}  // namespace souvenir
