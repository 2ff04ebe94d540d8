"""Pages of HTML to look at, without any network: groups of duplicates to decide about, and pairs."""

from hashindex.report.pairs import PairsShown, write_pairs
from hashindex.report.place import check_report_place
from hashindex.report.writing import write_report

__all__ = ["PairsShown", "check_report_place", "write_pairs", "write_report"]
