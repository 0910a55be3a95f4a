"""Every layer of any network in one table: what its matrix says, and what its own inputs do.

From weights alone, with images, and against the network before training; also what such tables
say of networks that learnt nothing, measured and stored. Chapter 10 teaches it.
"""

from vslib.report import cost, fitted, measures, null
from vslib.report.alphas import weightwatcher_in
from vslib.report.apart import JUDGED, apart, auc, judge
from vslib.report.changed import changed
from vslib.report.command import run
from vslib.report.in_page import in_page
from vslib.report.meanings import COLUMNS
from vslib.report.measured import measure, measured, select
from vslib.report.measures import rows_of
from vslib.report.network import report
from vslib.report.table import Report
from vslib.report.versus import versus

__all__ = [
    "COLUMNS",
    "JUDGED",
    "Report",
    "apart",
    "auc",
    "changed",
    "cost",
    "fitted",
    "in_page",
    "judge",
    "measure",
    "measured",
    "measures",
    "null",
    "report",
    "rows_of",
    "run",
    "select",
    "versus",
    "weightwatcher_in",
]
