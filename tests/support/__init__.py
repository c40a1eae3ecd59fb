"""What tests share: servers, factories and samples of text."""
