// Turns a portrait into its depth map, in the Program.cs of `dotnet new console`: dotnet run portrait.jpg depth.jpg
using System;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;

public static class Program
{
    private static readonly HttpClient Client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };

    public static int Main(string[] arguments)
    {
        try
        {
            var creditsLeft = WriteDepth(arguments[0], arguments[1]).GetAwaiter().GetResult();
            Console.WriteLine($"{creditsLeft} credits left");
            return 0;
        }
        catch (HttpRequestException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }

    private static async Task<string> WriteDepth(string picture, string result)
    {
        using (var answer = await AskForDepth(picture))
        {
            if (!answer.IsSuccessStatusCode)
            {
                var problem = await answer.Content.ReadAsStringAsync(); // JSON
                throw new HttpRequestException($"{(int)answer.StatusCode} {problem}");
            }
            File.WriteAllBytes(result, await answer.Content.ReadAsByteArrayAsync());
            return answer.Headers.GetValues("x-remaining-credits").First();
        }
    }

    private static async Task<HttpResponseMessage> AskForDepth(string picture)
    {
        var host = Environment.GetEnvironmentVariable("PORTRAIT_DEPTH_URL") ?? "http://127.0.0.1:8000";
        using (var form = new MultipartFormDataContent())
        using (var request = new HttpRequestMessage(HttpMethod.Post, $"{host}/portrait-depth-estimation/v1"))
        {
            form.Add(new ByteArrayContent(File.ReadAllBytes(picture)), "image_file", "portrait.jpg");
            request.Content = form;
            request.Headers.Add("x-api-key", Environment.GetEnvironmentVariable("PORTRAIT_DEPTH_KEY"));
            // After a lost connection, 429 or 5xx repeat with the same key: it is charged once.
            request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
            return await Client.SendAsync(request);
        }
    }
}
