"""From a database's document to a verified login: secret, certificates, network, client."""
