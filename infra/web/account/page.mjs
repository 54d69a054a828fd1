/** The account: signed out, one form; signed in, everything about credits and keys. The script shows which. */
export default async ({ asset }) => ({
  title: "Account · Portrait depth",
  description: "Credits, keys, statement and use of your Portrait depth account.",
  body: `
<div class="column account-page">
<noscript><p class="notice">This page needs JavaScript. The calls behind it are described in the <a href="/docs/#the-sites-calls">docs</a>.</p></noscript>

<div id="loading" class="loading" role="status"><p>Loading your account …</p></div>

<section id="broken" class="broken" hidden aria-labelledby="broken-heading">
<h1 id="broken-heading">The account could not be loaded</h1>
<p id="broken-told"></p>
<button type="button" class="button primary" id="broken-again">Try again</button>
</section>

<section id="signed-out" class="entrance" hidden aria-labelledby="entrance-heading">
<div class="entrance-picture" aria-hidden="true">
<img src="${await asset("infra/web/pictures/noor.webp")}" width="640" height="800" alt="" loading="lazy">
<img src="${await asset("infra/web/pictures/noor-depth.webp")}" width="640" height="800" alt="" loading="lazy">
</div>
<div class="entrance-form">
<h1 id="entrance-heading">Sign in</h1>
<p class="lead">No password: we e-mail you a six-digit code. A new address opens an account, and every account can claim 100 free credits, once.</p>
<p class="notice" id="expired" hidden>Your session has ended. Sign in again to continue.</p>
<div id="sign-in"></div>
</div>
</section>

<div id="signed-in" hidden>
<header class="account-head">
<h1 tabindex="-1" id="account-heading">Account</h1>
<button type="button" class="button" id="sign-out">Sign out</button>
<p class="soft" id="account-email"></p>
</header>
<div id="notices" role="status"></div>

<div class="standing">
<section class="balance" aria-labelledby="balance-heading">
<h2 id="balance-heading" class="over">Credits left</h2>
<p class="balance-number" id="credits">–</p>
<p class="soft" id="credits-told">Each successful call costs 1 credit. Errors are free.</p>
<p class="actions"><button type="button" class="button primary" id="claim" hidden>Claim 100 free credits</button>
<a class="button" href="#buy">Buy credits</a> <a class="button" href="/playground/">Open the playground</a></p>
<p class="told" id="claim-told" role="status" tabindex="-1"></p>
</section>
<section class="usage" aria-labelledby="usage-heading">
<div class="section-head"><h2 id="usage-heading" class="over">Calls by day</h2>
<label class="range"><span class="visually-hidden">Period</span><select id="usage-days"><option value="7">7 days</option><option value="30" selected>30 days</option><option value="90">90 days</option></select></label></div>
<div id="usage"></div>
</section>
</div>

<section class="block" id="keys" aria-labelledby="keys-heading">
<div class="block-words"><h2 id="keys-heading" tabindex="-1">Keys</h2><p class="soft">Send a key in the header <code>x-api-key</code>. Create one for each place that uses it, so that a leaked key can be revoked on its own. Up to 10 can be live.</p></div>
<div class="block-body stack">
<form id="key-form" class="line-form">
<div class="field"><label for="key-name">Name of a new key</label><input id="key-name" name="name" required maxlength="64" autocomplete="off" placeholder="production server" aria-describedby="key-told"></div>
<button type="submit" class="button primary" id="key-create">Create key</button>
</form>
<p class="told" id="key-told" role="status"></p>
<div id="key-shown"></div>
<div id="key-list"></div>
</div>
</section>

<section class="block" id="buy" aria-labelledby="buy-heading">
<div class="block-words"><h2 id="buy-heading">Buy credits</h2><p class="soft">One payment, no subscription. Credits do not expire.</p></div>
<div class="block-body stack"><div id="packs"></div><p class="told" id="buy-told" role="status"></p></div>
</section>

<section class="block" id="statement" aria-labelledby="statement-heading">
<div class="block-words"><h2 id="statement-heading">Statement</h2><p class="soft">Every credit in and out, newest first.</p>
<p><a class="button" href="/account/v1/statement.csv" download="statement.csv">Download CSV</a></p></div>
<div class="block-body stack" id="statement-list"></div>
</section>

<section class="block" id="leave" aria-labelledby="leave-heading">
<div class="block-words"><h2 id="leave-heading">Sessions and account</h2><p class="soft">Account number, for questions to us:<br><code id="account-id"></code></p></div>
<div class="block-body stack">
<p class="choice"><button type="button" class="button" id="sign-out-everywhere">Sign out everywhere</button><span class="soft">Ends your session on every device, including this one. Keys keep working.</span></p>
<p class="choice"><button type="button" class="button danger" id="delete">Delete account</button><span class="soft">Revokes all keys, ends all sessions, deletes your address. Remaining credits are lost. Only a one-way hash of the address stays, so that free credits are claimed once.</span></p>
</div>
</section>
</div>

<dialog id="question" class="question" aria-labelledby="question-heading"></dialog>
</div>`,
});
