"""The rules of the product: no AWS, no network, no environment, no clock."""
