"""All parts, or those that are named."""
import os
import shutil
import sys
import tempfile

import processes
from report import Report

# What phones, daemon and PBX said in the last run that failed.
LAST_FAILURE = os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "e2e-last-failure")


def main():
    processes.end_all_with_us()
    import files
    import gateway
    import pbx_part
    import registrar
    import trouble
    parts = {"registrar": registrar.run, "trouble": trouble.run, "pbx": pbx_part.run, "gateway": gateway.run,
             "files": files.run}
    chosen = sys.argv[1:] or list(parts)
    keep = os.environ.get("DEPESCHE_KEEP")
    folder = keep or tempfile.mkdtemp(prefix="depesche-e2e-")
    os.makedirs(folder, exist_ok=True)
    report = Report()
    try:
        for name in chosen:
            part_folder = os.path.join(folder, name)
            os.makedirs(part_folder)
            report.must_not_break(name, parts[name], report, part_folder)
    finally:
        processes.end_all()
        if not keep and report.failed:
            shutil.rmtree(LAST_FAILURE, ignore_errors=True)
            shutil.move(folder, LAST_FAILURE)
            print(f"everything that was said is in {LAST_FAILURE}")
        elif not keep:
            shutil.rmtree(folder, ignore_errors=True)
        print(report.last_line())
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
