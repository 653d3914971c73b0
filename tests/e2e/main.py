"""All parts, or those that are named."""
import os
import shutil
import sys
import tempfile

import processes
from report import Report


def main():
    processes.end_all_with_us()
    import pbx_part
    import registrar
    import trouble
    parts = {"registrar": registrar.run, "trouble": trouble.run, "pbx": pbx_part.run}
    chosen = sys.argv[1:] or list(parts)
    keep = os.environ.get("DEPESCHE_KEEP")
    folder = keep or tempfile.mkdtemp(prefix="depesche-e2e-")
    os.makedirs(folder, exist_ok=True)
    report = Report()
    try:
        for name in chosen:
            part_folder = os.path.join(folder, name)
            os.makedirs(part_folder)
            report.check(f"{name}: the part was played to its end", parts[name], report, part_folder)
    finally:
        processes.end_all()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
        print(report.last_line())
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
