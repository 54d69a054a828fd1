// Turns a portrait into its depth map: swiftc -parse-as-library swift.swift && ./swift portrait.jpg depth.jpg
import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

struct Problem: Error, Decodable {
    let error: String
    let code: String
    let status: Int
}

/// The map's bytes and the credits left. The picture is the body itself; options would need a form.
func depthMap(of picture: URL, host: String, key: String) async throws -> (Data, String) {
    var request = URLRequest(url: URL(string: "\(host)/portrait-depth-estimation/v1")!, timeoutInterval: 30)
    request.httpMethod = "POST"
    request.setValue(key, forHTTPHeaderField: "x-api-key")
    request.setValue("application/octet-stream", forHTTPHeaderField: "Content-Type")
    // After a lost connection, 429 or 5xx repeat with the same key: it is charged once.
    request.setValue(UUID().uuidString, forHTTPHeaderField: "Idempotency-Key")

    let (body, response) = try await URLSession.shared.upload(for: request, fromFile: picture)
    let answer = response as! HTTPURLResponse // every http and https answer is one
    guard answer.statusCode == 200 else {
        throw try JSONDecoder().decode(Problem.self, from: body)
    }
    return (body, answer.value(forHTTPHeaderField: "x-remaining-credits") ?? "?")
}

@main
struct Sample {
    static func main() async throws {
        let arguments = CommandLine.arguments, environment = ProcessInfo.processInfo.environment
        do {
            let (depth, creditsLeft) = try await depthMap(
                of: URL(fileURLWithPath: arguments[1]),
                host: environment["PORTRAIT_DEPTH_URL"] ?? "http://127.0.0.1:8000",
                key: environment["PORTRAIT_DEPTH_KEY"] ?? ""
            )
            try depth.write(to: URL(fileURLWithPath: arguments[2]))
            print(creditsLeft, "credits left")
        } catch let problem as Problem {
            FileHandle.standardError.write(Data("\(problem.status) \(problem.error)\n".utf8))
            exit(1)
        }
    }
}
