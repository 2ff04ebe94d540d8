"""The report: a page of HTML to look at groups of duplicates and decide about them, without any network."""

from hashindex.report.place import check_report_place
from hashindex.report.writing import write_report

__all__ = ["check_report_place", "write_report"]
