"""Learn: knowledge for `detect`, made from corpora. Needs the extra ``train``; cleaning does not.

pages (corpus) -> texts (texts) -> labelled lines (labels) -> a model (trainer)
"""
