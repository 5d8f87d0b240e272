"""What all models share: the contract of a trained model, of one in training, and how iterations are run."""
