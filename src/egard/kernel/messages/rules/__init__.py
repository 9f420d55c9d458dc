"""What holds of messages, pure: retries, MIME, folding of quoted text, markup, what arrives by itself."""
