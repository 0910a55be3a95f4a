"""Command line: ``python -m vslib train``, ``starts``, ``equal``, ``invertible``, ``whole`` ..."""

import argparse

TRAINED = (
    "fc1",
    "fc5",
    "resnet18",
    "relu3",
    "bijection",
    "twin",
    "residual",
    "bijection-reconstruction",
    "bijection-likelihood",
    "bijection-noise",
    "bijection-adversary",
)


def main():
    parser = argparse.ArgumentParser(prog="python -m vslib", description="What a network keeps.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("train", help="train a network that ships from scratch")
    command.add_argument("name", choices=TRAINED)
    command.add_argument("--epochs", type=int, help="how many in all, 1 or more (the recipe's)")
    command.add_argument(
        "--paper", action="store_true", help="by the paper's recipe, where the network has its own"
    )
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--folder", help="of the checkpoints (runs/NAME)")
    command.add_argument("--resume", action="store_true", help="go on after the last whole epoch")
    command.add_argument(
        "--publish", action="store_true", help="then make it the network that vslib ships"
    )
    command = commands.add_parser("starts", help="compute the stored parts of figure 3 again")
    command.add_argument("--folder", help="to write to (that of the package)")
    commands.add_parser("equal", help="look for images with equal outputs of fc1, as fractions")
    command = commands.add_parser("invertible", help="measure what chapter 9 says")
    command.add_argument("runs", help="folder of the trainings: NAME-SEED, NAME-SEED-paper")
    command.add_argument("--resume", action="store_true", help="keep the parts that are stored")
    command = commands.add_parser("whole", help="measure what a whole network keeps of images")
    command.add_argument("--resume", action="store_true", help="keep the parts that are stored")
    command = commands.add_parser("report", help="one table of all layers of a network")
    command.add_argument(
        "target",
        nargs="?",
        help="a .safetensors file, a folder of shards, an .npz file, or module:function in code",
    )
    command.add_argument("--html", help="write the table as a page that sorts, with pictures")
    command.add_argument("--csv", help="write the table")
    command.add_argument("--store", help="a file for finished rows: a second call goes on there")
    command.add_argument("--workers", type=int, help="processes that read a checkpoint (1)")
    command.add_argument(
        "--measure",
        metavar="FOLDER",
        help="instead, measure what chapter 10 says, with WeightWatcher from FOLDER",
    )
    command.add_argument("--resume", action="store_true", help="keep what was measured before")
    command = commands.add_parser("drill", help="print exercises on small matrices, and a key")
    command.add_argument(
        "--kind",
        nargs="+",
        default=["subspaces"],
        help="taken in turn: subspaces, projection, pseudoinverse",
    )
    command.add_argument("--level", type=int, default=1, help="1, 2 or 3")
    command.add_argument("--seed", type=int, default=1, help="of the first; each takes the next")
    command.add_argument("--count", type=int, default=10)
    command.add_argument(
        "--html", default="sheet.html", help="for the questions; NAME-key for answers"
    )
    command = commands.add_parser("reproduce", help="compute the paper's table and figures again")
    names = ("fc1", "fc5", "resnet18")
    command.add_argument("--only", nargs="+", choices=names, default=names, help="these networks")
    command.add_argument("--folder", default="runs/reproduced", help="to write to")
    command.add_argument(
        "--from-scratch", action="store_true", help="train first (hours; goes on where stopped)"
    )
    command.add_argument("--epochs", type=int, default=20, help="of training, 1 or more")
    command.add_argument(
        "--seeds", metavar="RUNS", help="instead, train several seeds there and store the spread"
    )
    given = parser.parse_args()
    if given.command == "starts":
        from vslib.synthesis import stored

        stored.publish(folder=given.folder or stored.FOLDER)
        return
    if given.command == "equal":
        from vslib.invertible import find

        find()
        return
    if given.command == "invertible":
        from vslib.invertible import measure

        measure(given.runs, resume=given.resume)
        return
    if given.command == "whole":
        from vslib.whole import measure

        measure(resume=given.resume)
        return
    if given.command == "report":
        from vslib.report import measure, run

        if (given.target is None) == (given.measure is None):
            parser.error("report: expected a target, or --measure FOLDER")
        try:
            if given.measure:
                measure(given.measure, resume=given.resume)
            else:
                run(given.target, given.html, given.csv, given.store, given.workers)
        except ValueError as error:
            parser.exit(1, f"{error}\n")
        return
    if given.command == "drill":
        from vslib.show import sheet

        try:
            paths = sheet.write(given.html, given.kind, given.level, given.seed, given.count)
        except ValueError as error:
            parser.exit(1, f"{error}\n")
        print(*paths, sep="\n")
        return
    if given.epochs is not None and given.epochs < 1:
        parser.error(f"--epochs: expected 1 or more, got {given.epochs}")
    if given.command == "reproduce":
        _reproduce(given)
        return

    from vslib import networks

    folder = given.folder or f"runs/{given.name}"
    recipe = networks.RECIPE if given.paper else None
    record = networks.train(
        given.name, folder, given.epochs, given.seed, given.resume, recipe=recipe
    )
    if given.publish:
        networks.publish(folder)
    print(f"{folder}: validation accuracy {record['history'][-1]['validation_accuracy']:.4f}")


def _reproduce(given):
    import sys
    from functools import partial
    from pathlib import Path

    from vslib import paper

    if given.seeds:
        paper.store(given.seeds)
        return
    get = paper.shipped
    if given.from_scratch:
        get = partial(paper.from_scratch, folder=Path(given.folder), epochs=given.epochs)
    text, lines = paper.reproduce(given.folder, given.only, get)
    print(text)
    if lines:
        sys.exit("\n".join(["", "These numbers leave their stated spread:", *lines]))


if __name__ == "__main__":
    main()
