// A rule for ESLint: every file begins with a comment that says what it owns, and every name that it exports has one of its own.

const commented = {
	meta: { type: 'suggestion', schema: [], messages: { file: 'A file begins with a comment that says what it owns.', name: 'What is exported has a doc comment.' } },
	create(context) {
		const { sourceCode } = context
		const doc = node => sourceCode.getCommentsBefore(node).findLast(c => c.type == 'Block' && c.value.startsWith('*'))
		return {
			Program(node) {
				const [first] = sourceCode.getAllComments()
				const begins = node.body.find(statement => !statement.directive)
				if (!first || (begins && first.range[0] > begins.range[0])) context.report({ loc: { line: 1, column: 0 }, messageId: 'file' })
				else if (begins?.declaration && first == doc(begins)) context.report({ node: begins, messageId: 'name' }) // one comment is not both
			},
			ExportNamedDeclaration(node) {
				if (node.declaration && !doc(node)) context.report({ node, messageId: 'name' })
			},
		}
	},
}

export default { rules: { commented } }
