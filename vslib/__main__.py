"""Command line: ``python -m vslib train``."""

import argparse


def main():
    parser = argparse.ArgumentParser(prog="python -m vslib", description="What a network keeps.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("train", help="train one of the paper's networks from scratch")
    command.add_argument("name", choices=("fc1", "fc5", "resnet18"))
    command.add_argument("--epochs", type=int, default=20, help="how many in all, 1 or more")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--folder", help="of the checkpoints (runs/NAME)")
    command.add_argument("--resume", action="store_true", help="go on after the last whole epoch")
    command.add_argument(
        "--publish", action="store_true", help="then make it the network that vslib ships"
    )
    given = parser.parse_args()
    if given.epochs < 1:
        parser.error(f"--epochs: expected 1 or more, got {given.epochs}")

    from vslib import publishing, training

    folder = given.folder or f"runs/{given.name}"
    record = training.train(given.name, folder, given.epochs, given.seed, given.resume)
    if given.publish:
        publishing.publish(folder)
    print(f"{folder}: validation accuracy {record['history'][-1]['validation_accuracy']:.4f}")


if __name__ == "__main__":
    main()
