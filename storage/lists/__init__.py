"""What people ask for, a file a kind of listing. Read only; `storage.listings` offers it."""
