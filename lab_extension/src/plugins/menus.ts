import { MenuSvg } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Menu } from '@lumino/widgets';

/** Opens a menu below its button, on its first item; closed without a choice, the button has the focus again. */
export function openMenu(
    commands: CommandRegistry,
    button: HTMLElement,
    label: string,
    items: readonly Menu.IItemOptions[]
): void {
    const menu = new MenuSvg({ commands });
    menu.contentNode.setAttribute('aria-label', label);
    items.forEach(item => menu.addItem(item));
    menu.aboutToClose.connect(() => {
        // What was chosen is executed first, and may have the focus then.
        requestAnimationFrame(() => {
            const active = document.activeElement;
            if (active === null || active === document.body || menu.node.contains(active)) {
                button.focus();
            }
            menu.dispose();
        });
    });
    const { left, bottom } = button.getBoundingClientRect();
    menu.open(left, bottom);
    setTimeout(() => {
        menu.activateNextItem(); // once the menu itself, which has no name, has had the focus
    });
}

/** What of a button of the toolbar can have the focus: it may draw itself in a shadow root. */
export function focusableOf(node: HTMLElement): HTMLElement {
    return node.querySelector<HTMLElement>('button, [role=button], jp-button') ?? node;
}
