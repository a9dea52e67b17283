import type { IDisposable } from '@lumino/disposable';

const FOCUSABLE = 'a[href], button, input, select, textarea, summary, [tabindex]';

/**
 * Where one is in a part of the page. Who comes back to the part goes on there; where what has the focus goes or can have
 * it no more, the focus goes to what is next to it, and never to the page as a whole.
 */
export class Focus implements IDisposable {
    private readonly mutations: MutationObserver;
    private last: HTMLElement | null = null;
    private around: readonly HTMLElement[] = [];
    private within: readonly HTMLElement[] = []; // the last one’s ancestors, the nearest first
    private waits = false; // for the first thing to be there
    private _isDisposed = false;

    /** `first`: selectors of what one works with, the best first; else the heading is where one begins. */
    constructor(
        private readonly node: HTMLElement,
        private readonly first: readonly string[] = []
    ) {
        node.addEventListener('focusin', this.onFocusIn);
        node.addEventListener('focusout', this.onFocusOut);
        this.mutations = new MutationObserver(() => {
            this.look();
        });
        this.mutations.observe(node, {
            attributes: true,
            attributeFilter: ['disabled'],
            childList: true,
            subtree: true
        });
    }

    /** Whether what has the focus is in this part, and not the part itself. */
    get isHere(): boolean {
        const active = document.activeElement;
        return active !== null && active !== this.node && this.node.contains(active) && !isWrapper(active);
    }

    /** Goes on where one was, else begins; false as long as there is nothing to begin with: that is waited for. */
    goOn(): boolean {
        if (this.isHere) {
            return true;
        }
        if (this.last && isUsable(this.last, this.node)) {
            this.last.focus();
            return true;
        }
        this.waits = !this.begin();
        return !this.waits;
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        this.mutations.disconnect();
        this.node.removeEventListener('focusin', this.onFocusIn);
        this.node.removeEventListener('focusout', this.onFocusOut);
        this.last = null;
        this.around = [];
        this.within = [];
    }

    private begin(): boolean {
        for (const selector of this.first) {
            const found = [...this.node.querySelectorAll<HTMLElement>(selector)].find(isShown);
            if (found) {
                found.focus();
                return true;
            }
        }
        const heading = this.node.querySelector<HTMLElement>('h1');
        if (heading) {
            heading.tabIndex = -1;
            heading.focus();
        }
        return heading !== null;
    }

    private readonly onFocusIn = ({ target }: FocusEvent): void => {
        if (target instanceof HTMLElement && target !== this.node && !isWrapper(target)) {
            this.last = target;
            this.around = focusable(this.node);
            this.within = ancestors(target, this.node);
            this.waits = false;
        }
    };

    private readonly onFocusOut = ({ relatedTarget }: FocusEvent): void => {
        if (relatedTarget instanceof Node && !this.node.contains(relatedTarget)) {
            this.waits = false; // one is elsewhere, and comes back by oneself
        }
    };

    /** After a change of the part: is what had the focus still there? */
    private look(): void {
        const active = document.activeElement;
        const isNowhere = active === null || active === document.body;
        if (this.waits && (isNowhere || active === this.node || isWrapper(active))) {
            this.waits = !this.begin();
            return;
        }
        const { last } = this;
        if (last && (isNowhere || active === last) && !isUsable(last, this.node)) {
            this.last = null;
            this.toNeighbour(last);
        }
    }

    /** What now stands where the lost one stood: in the nearest that is left of what it was in, behind what was before it. */
    private toNeighbour(lost: HTMLElement): void {
        const before = this.around
            .slice(0, Math.max(0, this.around.indexOf(lost)))
            .reverse()
            .find(one => isUsable(one, this.node));
        for (const part of this.within) {
            const left = part.isConnected ? focusable(part).filter(isShown) : [];
            const at = before ? left.indexOf(before) : -1;
            const next = at < 0 ? left[0] : (left[at + 1] ?? before);
            if (next && (part !== this.node || at >= 0)) {
                next.focus();
                return;
            }
        }
        this.waits = !this.begin();
    }
}

/** Lumino’s node around what one works with: it has the focus where there is nothing better. */
function isWrapper(element: Element | null): boolean {
    return element?.classList.contains('lm-Widget') ?? false;
}

function ancestors(element: HTMLElement, node: HTMLElement): HTMLElement[] {
    const found: HTMLElement[] = [];
    for (let one = element.parentElement; one && node.contains(one); one = one.parentElement) {
        found.push(one);
    }
    return found;
}

function focusable(node: HTMLElement): HTMLElement[] {
    return [...node.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
        one => one.tabIndex >= 0 && isUsable(one, node) && !isWrapper(one)
    );
}

function isUsable(element: HTMLElement, node: HTMLElement): boolean {
    return node.contains(element) && !element.matches(':disabled');
}

function isShown(element: HTMLElement): boolean {
    return element.checkVisibility() && !element.matches(':disabled'); // what is folded in has a place, too
}
