"""⑤ The databases' own users and their passwords."""
