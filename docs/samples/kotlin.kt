// Turns a portrait into its depth map, on the JVM and on Android, without a library:
// kotlinc kotlin.kt -include-runtime -d depth.jar && java -jar depth.jar portrait.jpg depth.jpg
import java.io.File
import java.io.IOException
import java.net.HttpURLConnection
import java.net.URL
import java.util.UUID
import kotlin.system.exitProcess

val host: String = System.getenv("PORTRAIT_DEPTH_URL") ?: "http://127.0.0.1:8000"

fun main(arguments: Array<String>) {
    val (picture, result) = arguments
    try {
        println("${depthMap(File(picture), File(result))} credits left")
    } catch (error: IOException) {
        System.err.println(error.message)
        exitProcess(1)
    }
}

/** Writes the map into [result]; the credits left. The picture is the body itself; options would need a form. */
fun depthMap(picture: File, result: File): String {
    val call = URL("$host/portrait-depth-estimation/v1").openConnection() as HttpURLConnection
    call.requestMethod = "POST"
    call.connectTimeout = 5_000
    call.readTimeout = 30_000
    call.setRequestProperty("x-api-key", System.getenv("PORTRAIT_DEPTH_KEY"))
    call.setRequestProperty("Content-Type", "application/octet-stream")
    // After a lost connection, 429 or 5xx repeat with the same key: it is charged once.
    call.setRequestProperty("Idempotency-Key", UUID.randomUUID().toString())
    call.doOutput = true
    call.outputStream.use { body -> picture.inputStream().use { it.copyTo(body) } }

    if (call.responseCode != 200) {
        throw IOException("${call.responseCode} ${call.errorStream?.reader()?.readText()}")
    }
    call.inputStream.use { depth -> result.outputStream().use { depth.copyTo(it) } }
    return call.getHeaderField("x-remaining-credits")
}
