"""What is looked at before a training, so that nothing trains on with a silently wrong result."""
