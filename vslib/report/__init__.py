"""Every layer of any network in one table: what its matrix says, and what its own inputs do.

From weights alone, with images, and against the network before training. No chapter
teaches it yet.
"""

from vslib.report.command import run
from vslib.report.in_page import in_page
from vslib.report.meanings import COLUMNS
from vslib.report.network import report
from vslib.report.table import Report

__all__ = ["COLUMNS", "Report", "in_page", "report", "run"]
