"""The stock twin: the hot reads of Huntaze as the documentation of Django, DRF and Simple JWT has one write them."""
