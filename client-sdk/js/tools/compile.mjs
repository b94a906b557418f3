// TypeScript → the JavaScript of the package: by tsc, then with short names for what is the SDK's own, because a game's
// minifier cannot know that nobody else names it.
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { transformSync } from "esbuild";
import ts from "typescript";

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

const isMember = (node) =>
  ts.isClassElement(node) || ts.isTypeElement(node) || ts.isEnumMember(node) || (ts.isParameter(node) && ts.isParameterPropertyDeclaration(node, node.parent));
const isHidden = (node) => (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0 || ts.getJSDocTags(node).some((tag) => tag.tagName.text === "internal");

/** Adds to `known` what a user's code can name of a declaration, and of whatever its types name. */
function publish(declaration, checker, known, seen) {
  if (seen.has(declaration) || isHidden(declaration)) return;
  seen.add(declaration);
  const look = (node) => {
    if (ts.isBlock(node) || (node !== declaration && isHidden(node))) return;
    if ((isMember(node) || ts.isObjectLiteralElement(node)) && node.name !== undefined) known.add(node.name.getText());
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      const meant = symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol;
      for (const each of meant?.declarations ?? []) if (!each.getSourceFile().isDeclarationFile) publish(each, checker, known, seen);
    }
    ts.forEachChild(node, look);
  };
  look(declaration);
}

// Whether an object that is written out is of a type that has the member: else it is a dictionary.
const meantBy = (object, name, checker) => name !== undefined && checker.getContextualType(object)?.getProperty(name) !== undefined;

/**
 * Members that only the SDK itself names: neither its users, nor the platform, nor the wire's shapes (which hold them as text), nor
 * a dictionary.
 */
function innerNames(config, entries, shapes) {
  const { options, fileNames } = ts.parseJsonConfigFileContent(ts.readConfigFile(config, ts.sys.readFile).config, ts.sys, dirname(config));
  const program = ts.createProgram(fileNames, options);
  const checker = program.getTypeChecker();
  const inner = new Set();
  const known = new Set();
  const seen = new Set();
  for (const entry of entries)
    for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)))) {
      const meant = (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol;
      for (const each of meant.declarations) publish(each, checker, known, seen);
    }
  const look = (node) => {
    if (isMember(node) && node.name !== undefined) inner.add(node.name.getText());
    if (ts.isObjectLiteralExpression(node)) for (const each of node.properties) if (!meantBy(node, each.name?.getText(), checker)) known.add(each.name?.getText());
    if (ts.isAsExpression(node)) node.type.forEachChild((each) => isMember(each) && known.add(each.name?.getText())); // of the platform
    if (ts.isIdentifier(node)) for (const each of checker.getSymbolAtLocation(node)?.declarations ?? []) if (each.getSourceFile().isDeclarationFile) known.add(node.text);
    ts.forEachChild(node, look);
  };
  for (const file of program.getSourceFiles()) {
    if (file.fileName === shapes) for (const each of file.statements) publish(each, checker, known, seen);
    else if (!file.isDeclarationFile) look(file);
  }
  return [...inner].filter((name) => /^\w+$/.test(name) && !known.has(name)).sort();
}

/** a … z, aa, ab …, each after a "_". */
function shortNames(names) {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const nameOf = (i) => (i < 26 ? letters[i] : nameOf(Math.floor(i / 26) - 1) + letters[i % 26]);
  return Object.fromEntries(names.map((name, i) => [name, `_${nameOf(i)}`]));
}

/** config: path of a tsconfig.json. Ends the program where tsc finds faults. */
export function compile(config, outDir) {
  const { status } = spawnSync(process.execPath, [tsc, "-p", config, "--outDir", outDir], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
  const source = join(dirname(config), "src");
  const entries = [join(source, "index.ts"), join(source, "packed/index.ts")];
  const mangleCache = shortNames(innerNames(config, entries, join(source, "wire/index.ts")));
  const mangleProps = new RegExp(`^(${Object.keys(mangleCache).join("|")})$`);
  for (const name of readdirSync(outDir, { recursive: true }).filter((each) => each.endsWith(".js"))) {
    const path = join(outDir, name);
    writeFileSync(path, transformSync(readFileSync(path, "utf8"), { mangleProps, mangleCache, target: "es2020" }).code);
  }
}
