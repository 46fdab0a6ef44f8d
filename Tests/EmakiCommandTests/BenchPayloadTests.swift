import EmakiPlatform
import Testing

@testable import EmakiCommand

@Suite("the payloads of the benchmark contract")
struct BenchPayloadTests {
    /// Computed by another program, from the contract's text alone.
    private static let known: [(stream: UInt64, version: UInt64, text: String)] = [
        (
            0, 1,
            #"{"s":"0000000000000000","v":"00000001","type":"ActivityTaskScheduled","#
                + #""ts":1709088378084,"attempt":0,"worker":"worker-28","result":"6paqd2fs8Puw4s"#
                + #"Wk3b+AY/3zlXs1W2rVf8ZgnfRC1TIlxtS8d0oDXs3A8AiSqoZtj2lMQwgU9VYryc+3ZCUCrZVwi"#
                + #"+mBh0MNIz4EIHK1/euyJUZGPK4s0hayet"}"#
        ),
        (
            0xdead_beef_1234_5678, 20,
            #"{"s":"deadbeef12345678","v":"00000014","type":"ChildWorkflowStarted","#
                + #""ts":1793032815980,"attempt":0,"worker":"worker-28","result":"vNL6Vb++if//ok"#
                + #"RO+68J1lzrLJgJduWrHugoqQIp8U726lDekyo2N5nXcrE5VgkFyxqJJr4DutgAaI2N7CowLDmF"#
                + #"ljSZV1B5pYTXRfmKiDdkps72iACcpZFMb+H"}"#
        ),
        (
            (1 << 59) - 1, 0xffff_ffff,
            #"{"s":"07ffffffffffffff","v":"ffffffff","type":"WorkflowTaskCompleted","#
                + #""ts":1789372764622,"attempt":2,"worker":"worker-20","result":"c9HC8rWOvxkCpf"#
                + #"VrY5khiYK3FrfB7wRdzYBNBbhx2zIiqSBVRlZLKuZ48fsYMo8ySDtYf0wN9zoRdmBvgmuo7Y6yq"#
                + #"VfO0rhM0/0MDTT3WQP4ihAhCtMw2/BQIt"}"#
        ),
    ]

    @Test("a payload is what the contract says, byte for byte", arguments: known)
    func isPinned(stream: UInt64, version: UInt64, text: String) {
        let pool = BenchPayload(payloadBytes: 256)
        var payload = [UInt8](repeating: 0, count: 256)
        pool.fill(&payload, stream: stream, version: version)
        #expect(String(decoding: payload, as: UTF8.self) == text)
    }

    @Test("a reader accepts a payload under its own ids and under no others")
    func namesItsIDs() {
        let pool = BenchPayload(payloadBytes: 256)
        var payload = [UInt8](repeating: 0, count: 256)
        pool.fill(&payload, stream: 77, version: 3)
        func isAccepted(stream: UInt64, version: UInt64) -> Bool {
            payload.withRawSpan { BenchPayload.check($0, stream: stream, version: version) }
        }
        #expect(isAccepted(stream: 77, version: 3))
        #expect(!isAccepted(stream: 78, version: 3))
        #expect(!isAccepted(stream: 77, version: 4))
        #expect(!isAccepted(stream: 77 | 1 << 40, version: 3))
    }

    @Test("payloads of other sizes end as JSON does", arguments: [160, 161, 1000])
    func otherSizes(byteCount: Int) {
        let pool = BenchPayload(payloadBytes: byteCount)
        var payload = [UInt8](repeating: 0, count: byteCount)
        pool.fill(&payload, stream: 1, version: 1)
        #expect(payload.suffix(2).elementsEqual(#""}"#.utf8))
        #expect(payload.count == byteCount)
    }

    @Test("numbers are printed with so many digits, rounded")
    func fixedDigits() {
        #expect(0.0.fixed(2) == "0.00")
        #expect(0.005.fixed(1) == "0.0")
        #expect(1.25.fixed(0) == "1")
        #expect(12.3456.fixed(3) == "12.346")
        #expect((-0.5).fixed(1) == "-0.5")
        #expect((-0.01).fixed(1) == "0.0")
    }
}
