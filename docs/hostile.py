"""Write the table of hostile inputs into docs/security.md: ``make hostile``."""

from tests.support.hostile import PAGE, with_table

if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
