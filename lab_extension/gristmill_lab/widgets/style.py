"""How panels look: JupyterLab's own variables, then those of VS Code, then what suits a plain page."""

STYLE = """<style>
.grw-Panel {
  --grw-text: var(--jp-ui-font-color1, var(--vscode-foreground, inherit));
  --grw-quiet: var(--jp-ui-font-color2, var(--vscode-descriptionForeground, inherit));
  --grw-line: var(--jp-border-color2, var(--vscode-panel-border, #8888));
  --grw-good: var(--jp-success-color0, var(--vscode-testing-iconPassed, #1b7f3b));
  --grw-bad: var(--jp-error-color0, var(--vscode-errorForeground, #b3261e));
  --grw-busy: var(--jp-brand-color0, var(--vscode-progressBar-background, #0a58ca));
  color: var(--grw-text); font-family: var(--jp-ui-font-family, var(--vscode-font-family, sans-serif));
  font-size: var(--jp-ui-font-size1, 13px); border: 1px solid var(--grw-line); padding: 8px 12px;
  max-width: 960px; overflow: hidden;
}
.grw-Panel .widget-html, .grw-Panel .widget-html-content { height: auto; line-height: 1.5; color: var(--grw-text); }
.grw-Panel .widget-label, .grw-Panel .jupyter-widgets label { color: var(--grw-text); }
.grw-Head { font-weight: 600; font-size: 1.1em; }
.grw-Head .grw-State { font-weight: 400; margin-left: 12px; }
.grw-Quiet, .grw-Note { color: var(--grw-quiet); }
.grw-Note .widget-html-content { font-size: 0.92em; padding-left: 138px; line-height: 1.3; color: var(--grw-quiet); }
.grw-Fault, .grw-Problem { color: var(--grw-bad); overflow-wrap: anywhere; }
.grw-Problem { border-left: 3px solid currentColor; padding: 2px 8px; margin: 4px 0; }
.grw-mod-succeeded, .grw-mod-ready { color: var(--grw-good); }
.grw-mod-failed { color: var(--grw-bad); }
.grw-mod-running, .grw-mod-loading { color: var(--grw-busy); }
.grw-Panel .grw-Input { width: 100%; max-width: 420px; }
.grw-Panel .grw-Input > .widget-label { width: 130px; flex: 0 0 130px; text-align: left; }
.grw-Panel .grw-mod-wide { max-width: 720px; }
.grw-Panel .grw-Row { flex-flow: row wrap; align-items: center; }
.grw-Panel .grw-Line { align-items: flex-start; border-top: 1px solid var(--grw-line); }
.grw-Panel .grw-Line > .widget-checkbox { width: 230px; flex: 0 0 auto; }
.grw-Panel .grw-Line > .widget-html { flex: 1 1 200px; min-width: 0; }
.grw-Table { border-collapse: collapse; font-variant-numeric: tabular-nums; color: inherit; }
.grw-Table th, .grw-Table td { padding: 2px 14px 2px 0; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; background: none; }
.grw-Table th { font-weight: 600; }
.grw-Panel pre { white-space: pre-wrap; overflow-wrap: anywhere; color: inherit; background: none; margin: 4px 0; }
.grw-Plot .js-plotly-plot .plotly text { fill: var(--grw-text) !important; }
</style>"""
