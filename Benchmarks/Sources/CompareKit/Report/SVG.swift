import Foundation

/// Pieces of a picture that takes its colours from the page, so that light and dark are the page's
/// matter.
enum SVG {
    static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        """
        <line class="grid" x1="\(number(x1))" y1="\(number(y1))" x2="\(number(x2))" \
        y2="\(number(y2))"/>
        """
    }

    static func text(_ x: Double, _ y: Double, _ anchor: String, _ text: String) -> String {
        """
        <text x="\(number(x))" y="\(number(y))" text-anchor="\(anchor)">\
        \(HTMLWriter.escaped(text))</text>
        """
    }

    static func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
