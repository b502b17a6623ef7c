"""Repair of wrong code pages: what comes back, what is left alone, what it costs; beside ftfy where it is installed.

Prints one JSON object. *table* holds the figures of ../shared/bench/copies/mojibake/check.py, which runs in a process
of its own against `wirewatch try repair`; null where that folder is not here. *pages* are own sentences, other than
those of the table, through every page once and through two, and genuine in many forms. *cost* is CPU time on
4 kB of text, the best of several runs. The peer is `ftfy.fix_encoding` with `restore_byte_a0` and
`decode_inconsistent_utf8` off.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ingest.repair import CODE_PAGES, repair

MOJIBAKE = Path(__file__).parents[2] / "shared" / "bench" / "copies" / "mojibake"
OUTER_PAGES = ("cp1252", "cp1251", "cp874", "cp437", "mac_roman", "koi8_r")
RUNS = 15
SIZE = 4000
GOAL_ASCII = 2.0

#: Own sentences, as papers print them.
SENTENCES = {
    "en": "“We’ll rebuild it,” the café’s owner said — at a cost of £2m or €2.4m…",
    "de": "Der „Ausschuss für Brücken“ prüft, ob die größere Fähre früher fährt.",
    "fr": "Dès l’été, « les élèves » iront à l’école près de la forêt brûlée.",
    "it": "La città è più sicura, però il sindaco farà verifiche: «perché no?»",
    "es": "El alcalde señaló que el año próximo habrá más líneas de autobús.",
    "pl": "Wójt ogłosił, że późną jesienią wróci pięć żółtych łodzi.",
    "cs": "Šéf úřadu řekl, že most přes řeku bude příští týden průjezdný.",
    "hu": "Az öreg hídőr szerint „a fű zöldebb lett” az árvíz után.",
    "tr": "Söndürülen ışıklar yüzünden çocuklar gökyüzünü rahatça izledi.",
    "vi": "Người dân được khuyên đun sôi nước cho đến thứ năm tuần tới.",
    "ru": "Мэр пообещал: «воду дадут к четвергу», но жители не верят.",
    "uk": "Мер пообіцяв: «воду дадуть до четверга», але мешканці не вірять.",
    "el": "Ο δήμαρχος υποσχέθηκε «νερό ώς την Πέμπτη», όμως λίγοι τον πιστεύουν.",
    "he": "ראש העיר הבטיח „מים עד יום חמישי”, אך מעטים מאמינים לו.",
    "ar": "وعد رئيس البلدية «بعودة المياه يوم الخميس» لكن السكان لا يصدقون.",
    "th": "นายกเทศมนตรีสัญญาว่าน้ำจะไหลภายในวันพฤหัสบดี แต่ชาวบ้านไม่เชื่อ",
    "hi": "महापौर ने गुरुवार तक पानी देने का वादा किया, पर लोगों को भरोसा नहीं है।",
    "zh": "市长承诺星期四之前恢复供水，但是居民并不相信。",
    "ja": "市長は木曜日までに給水を再開すると約束したが、住民は信じていない。",
}
FORMS = ("{}", "“{}”", "«{}»", "{}™", "{}…", "({})²", "{}\xa0— {}")


def mangle(text, codec):
    """UTF-8 read through a code page as programs do: windows-1252 for what it leaves undefined, else C1."""
    pairs = ((bytes((byte,)), chr(byte)) for byte in text.encode())
    return "".join(raw.decode(codec, "ignore") or raw.decode("cp1252", "ignore") or sign for raw, sign in pairs)


def find_peer():
    try:
        import ftfy
    except ImportError:
        return None
    config = ftfy.TextFixerConfig(restore_byte_a0=False, decode_inconsistent_utf8=False)
    return lambda text: ftfy.fix_encoding(text, config)


def check(answers):
    """Run check.py with these arguments after the table; return its figures but for the single pages."""
    command = [sys.executable, str(MOJIBAKE / "check.py"), str(MOJIBAKE / "table.jsonl"), *answers]
    figures = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {key: figures[key] for key in ("by_class", "lossy_damage_undone", "genuine_changed")}


def check_peer(peer):
    with (MOJIBAKE / "table.jsonl").open(encoding="utf-8") as table, tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "answers.jsonl")
        rows = [json.loads(line) for line in table]
        answers = [{"id": row["id"], "text": peer(row["mangled"]), "codec": None} for row in rows]
        path.write_text("".join(json.dumps(answer) + "\n" for answer in answers), encoding="utf-8")
        return check([str(path)])


def share(pairs, undo):
    found = [undo(mangled) == text for mangled, text in pairs]
    return {"rows": len(found), "share": round(sum(found) / len(found), 4)}


def judge_pages(undo):
    once = [(mangle(text, codec), text) for text in SENTENCES.values() for codec in CODE_PAGES.values()]
    twice = [(mangle(mangled, outer), text) for mangled, text in once for outer in OUTER_PAGES]
    genuine = {
        form.format(*[part] * 2) for text in SENTENCES.values() for part in (text, *text.split()) for form in FORMS
    }
    genuine |= {text.upper() for text in genuine}
    changed = sorted(text for text in genuine if undo(text) != text)
    return {
        "restore": share([pair for pair in once if pair[0] != pair[1]], undo),
        "twice": share([pair for pair in twice if pair[0] != pair[1]], undo),
        "genuine": len(genuine),
        "genuine_changed": len(changed),
        "examples": changed[:3],
    }


def microseconds_per_kb(undo, text):
    best = float("inf")
    for _ in range(RUNS):
        start = time.process_time()
        for _ in range(10):
            undo(text)
        best = min(best, (time.process_time() - start) / 10)
    return round(best * 1e6 / (len(text.encode()) / 1000), 2)


def measure_cost(undo):
    texts = {"ascii": "The mayor said that the bridge will not reopen before Easter.", **SENTENCES}
    cost = {}
    for name in ("ascii", "en", "de", "ru", "el", "ar", "th", "zh"):
        text = (texts[name] + " ") * (SIZE // len(texts[name].encode()))
        cost[name] = microseconds_per_kb(undo, text)
    mangled = mangle(" ".join(SENTENCES.values()), "cp1252")
    cost["mangled"] = microseconds_per_kb(undo, mangled)
    return cost


def main() -> None:
    def ours(text):
        return repair(text).text

    peer = find_peer()
    script = str(Path(sys.executable).with_name("wirewatch"))
    has_table = MOJIBAKE.is_dir()
    cost = measure_cost(ours)
    told = {
        "bench": "repair",
        "table": check(["--", script, "try", "repair"]) if has_table else None,
        "pages": judge_pages(ours),
        "us_per_kb": cost,
        "peer": None,
        "goal": f"restore >= 0.95, twice >= 0.9, mixed 1, genuine changed 0, worse 0; ascii <= {GOAL_ASCII} us/kB",
    }
    if peer:
        told["peer"] = {
            "name": "ftfy.fix_encoding",
            "table": check_peer(peer) if has_table else None,
            "pages": judge_pages(peer),
            "us_per_kb": measure_cost(peer),
        }
    table = told["table"]
    if table:
        classes = table["by_class"]
        told["is_met"] = (
            classes["restore"]["share"] >= 0.95
            and classes["twice"]["share"] >= 0.9
            and classes["mixed"]["share"] == 1
            and not table["genuine_changed"]
            and not any(row["made_worse"] for row in classes.values())
            and cost["ascii"] <= GOAL_ASCII
        )
    print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    main()
