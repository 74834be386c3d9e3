"""What went wrong, in words for accountants: the classifier, the catalogue, and the sentences made of both."""
