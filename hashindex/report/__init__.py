"""Pages of HTML to look at, without any network: groups of duplicates to decide about, and pairs."""

from hashindex.report.pairs import PairsShown, write_pairs
from hashindex.report.place import report_at
from hashindex.report.writing import write_report

__all__ = ["PairsShown", "report_at", "write_pairs", "write_report"]
