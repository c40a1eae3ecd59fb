"""Pages used by the keyboard alone."""

from playwright.sync_api import Locator, Page, expect

# No page of these tests has more to go through.
MOST = 150

# What takes part: everything that can be used and is seen. Of radio buttons of one name a single
# one does; arrow keys lead to the others.
PREPARE = """() => {
    document.activeElement?.blur();
    const usable = "a[href], button, input:not([type=hidden]), select, textarea, summary, "
        + "[tabindex], [contenteditable]";
    const shown = (found) => found.checkVisibility({ visibilityProperty: true })
        && !found.disabled && found.tabIndex >= 0;
    const looks = (found) => {
        const style = getComputedStyle(found);
        return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.borderColor,
                style.backgroundColor, style.textDecorationLine].join();
    };
    const all = Array.from(document.querySelectorAll(usable)).filter(shown);
    const seen = window.walked = { expected: new Map(), reached: new Set(), dim: [] };
    for (const found of all) {
        const radio = found.type === "radio";
        const key = radio ? `radio ${found.form?.id} ${found.name}` : found;
        seen.expected.set(key, found);
        found.looked = looks(found) + looks(found.parentElement);
    }
    document.addEventListener("focusin", ({ target }) => {
        const radio = target.type === "radio";
        seen.reached.add(radio ? `radio ${target.form?.id} ${target.name}` : target);
        const now = looks(target) + looks(target.parentElement);
        if (target.looked !== undefined && target.looked === now) seen.dim.push(target);
    });
    return seen.expected.size;
}"""
RESULT = """() => {
    const told = (found) => found.outerHTML.split("\\n")[0].slice(0, 160);
    const { expected, reached, dim } = window.walked;
    const missed = Array.from(expected).filter(([key]) => !reached.has(key));
    return [...missed.map(([, found]) => `not reached: ${told(found)}`),
            ...dim.map((found) => `focus is not seen: ${told(found)}`)];
}"""


def walk(page: Page) -> list[str]:
    """Press Tab as often as there is something to reach; return what was wrong."""
    for _ in range(int(page.evaluate(PREPARE)) + 2):
        page.keyboard.press("Tab")
    return list(page.evaluate(RESULT))


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until the element has the focus; fail where it never does."""
    expect(wanted).to_be_visible()
    for _ in range(MOST):
        if wanted.evaluate("(found) => found === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {wanted}")


def use(page: Page, wanted: Locator, key: str = "Enter") -> None:
    """Reach a link or a button and press it."""
    reach(page, wanted)
    page.keyboard.press(key)
