"""A package, so that no installed one of that name (torch-fidelity ships one) hides these tests."""
