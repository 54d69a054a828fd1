/** The account: signed out, one form; signed in, everything about credits and keys. The script shows which. */
export default async ({ asset }) => ({
  title: "Account · Portrait depth",
  description: "Credits, keys, statement and use of your Portrait depth account.",
  body: `
<div class="column account-page">
<noscript><p class="notice">This page needs JavaScript. Everything on it can also be done by calls: see the <a href="/docs/">docs</a>.</p></noscript>

<div id="loading" class="loading" role="status"><p>Looking for your session …</p></div>

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
<p class="lead">No password: six digits by e-mail. A new address gets an account, and an account gets 100 free credits, once.</p>
<p class="notice" id="expired" hidden>Your session has ended. Sign in again to go on.</p>
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
<p class="soft" id="credits-told">One call that answers with a picture takes one. Errors cost nothing.</p>
<p class="actions"><button type="button" class="button primary" id="claim" hidden>Claim 100 free credits</button>
<a class="button" href="#buy">Buy credits</a> <a class="button quiet" href="/playground/">Open the playground</a></p>
<p class="told" id="claim-told" role="status"></p>
</section>
<section class="usage" aria-labelledby="usage-heading">
<div class="section-head"><h2 id="usage-heading" class="over">Calls by day</h2>
<label class="range"><span class="visually-hidden">Period</span><select id="usage-days"><option value="7">7 days</option><option value="30" selected>30 days</option><option value="90">90 days</option></select></label></div>
<div id="usage"></div>
</section>
</div>

<section class="block" id="keys" aria-labelledby="keys-heading">
<div class="block-words"><h2 id="keys-heading">Keys</h2><p class="soft">A key goes into the header <code>x-api-key</code>. One for each place it is used, so that a leaked one can be revoked alone. At most 10 live ones.</p></div>
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
<div class="block-words"><h2 id="buy-heading">Buy credits</h2><p class="soft">Paid once, no subscription. Credits do not expire.</p></div>
<div class="block-body stack"><div id="packs"></div><p class="told" id="buy-told" role="status"></p></div>
</section>

<section class="block" id="statement" aria-labelledby="statement-heading">
<div class="block-words"><h2 id="statement-heading">Statement</h2><p class="soft">Every credit that came or went, newest first.</p>
<p><a class="button" href="/account/v1/statement.csv" download="statement.csv">Download CSV</a></p></div>
<div class="block-body stack" id="statement-list"></div>
</section>

<section class="block" id="leave" aria-labelledby="leave-heading">
<div class="block-words"><h2 id="leave-heading">Leave</h2></div>
<div class="block-body stack">
<p class="choice"><button type="button" class="button" id="sign-out-everywhere">Sign out everywhere</button><span class="soft">Ends the session on every device, this one too. Keys keep working.</span></p>
<p class="choice"><button type="button" class="button danger" id="delete">Delete account</button><span class="soft">Revokes all keys, ends all sessions, forgets your address. Credits that are left are lost.</span></p>
</div>
</section>
</div>

<dialog id="question" class="question" aria-labelledby="question-heading"></dialog>
</div>`,
});
